/** Letting somebody in who has shown who they are. */
import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { sessionOf } from '../../../api/authenticate.ts';
import type { Deps } from '../../../api/deps.ts';
import { originOf as ofRequest } from '../../../api/origin.ts';
import { createSession, endSession } from '../../../database/sessions.ts';
import type { SignInRow } from '../../../database/users.ts';
import type { Origin } from '../../../sign-in/check.ts';
import { readCookie, setCookie } from './cookies.ts';
import { makeTicket } from '../../../sign-in/ticket.ts';

const KNOWN_S = 180 * 86_400;
/** Between the password and the code. */
export const CODE_S = 5 * 60;

export function originOf(request: Request): Origin {
  return { ...ofRequest(request), known: readCookie(request, 'reeve_known') };
}

/**
 * A session of their own, new each time: whatever cookie the browser came with, planted or theirs, is worth nothing
 * afterwards.
 */
export async function enter(deps: Deps, request: Request, response: Response, person: SignInRow): Promise<void> {
  const from = originOf(request);
  const before = await sessionOf(deps, request);
  if (before?.session) await endSession(deps.pool, before.session, before.actor);
  const { cookie } = await createSession(deps.pool, { user: person.id, name: person.name, address: from.address, agent: from.agent, secure: request.secure });
  if (before) deps.principals.forget();
  response.append('set-cookie', cookie);
  setCookie(request, response, 'reeve_code', null, 0);
  const known = makeTicket(deps.peopleKey, 'known-browser', { email: person.email, browser: randomBytes(9).toString('base64url') }, Date.now() + KNOWN_S * 1_000);
  setCookie(request, response, 'reeve_known', known, KNOWN_S);
}

/** They have shown a password, and are asked for a code now. */
export function askForCode(deps: Deps, request: Request, response: Response, person: SignInRow): void {
  setCookie(request, response, 'reeve_code', makeTicket(deps.peopleKey, 'code', { user: person.id }, Date.now() + CODE_S * 1_000), CODE_S);
}
