import { timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Actor } from '../database/change.ts';
import type { Person, Principal } from '../database/principals.ts';
import { SESSION_COOKIE } from '../database/sessions.ts';
import { ReeveError } from '../domain/errors.ts';
import type { Grantee } from '../domain/permission.ts';
import { csrfToken, type PeopleKey } from '../domain/secrets.ts';
import type { Deps } from './deps.ts';

export interface Authenticated {
  readonly actor: Actor;
  readonly grantee: Grantee;
  /** The person behind it; null for a token that is the platform's own, and for nobody. */
  readonly user: Person | null;
  /** The session's id, when it came with a cookie. */
  readonly session: string | null;
}

export type Authenticate = (request: Request, response: Response) => Promise<Authenticated>;

type Needed = Pick<Deps, 'principals' | 'peopleKey'>;

export const CSRF_HEADER = 'x-reeve-csrf';
/** Attempts without a good token, from one address, in a minute. */
const ATTEMPTS = 60;

/**
 * Who sends a request: by its bearer token, or by its session's cookie; then what changes something carries the session's
 * CSRF token too. Only failures count towards the limit: a client with a good token is never kept out by somebody else at
 * its address.
 * @throws ReeveError `unauthenticated`, `forbidden` without the CSRF token, `rate-limited`, `unavailable`
 */
export function createAuthenticate(deps: Needed): Authenticate {
  const limiter = rateLimit({
    windowMs: 60_000, limit: ATTEMPTS, standardHeaders: 'draft-8', legacyHeaders: false,
    handler: (_request, _response, next) => next(new ReeveError('rate-limited', 'too many attempts without a valid token; wait a minute')),
  });
  const refuse = async (request: Request, response: Response, why: string): Promise<never> => {
    await new Promise<void>((resolve, reject) => {
      void limiter(request, response, (error?: unknown) => (error ? reject(error) : resolve()));
    });
    throw new ReeveError('unauthenticated', why);
  };
  return async (request, response) => {
    const shown = request.get('authorization');
    if (shown === undefined && cookieOf(request) !== undefined) {
      const who = await sessionOf(deps, request);
      if (!who) return await refuse(request, response, 'that session has ended: sign in again');
      if (!['GET', 'HEAD'].includes(request.method)) requireCsrf(deps.peopleKey, who, request.get(CSRF_HEADER) ?? (request.body as { _csrf?: unknown } | undefined)?._csrf);
      return who;
    }
    if (shown === undefined) return await refuse(request, response, 'send a token: `Authorization: Bearer reeve_…`');
    const principal = await principalOf(deps, request);
    if (!principal) return await refuse(request, response, 'that token is not known, was revoked, or has expired');
    return from(principal, request);
  };
}

/**
 * Whose session the request's cookie is, for pages; null when it is nobody's. A form that changes something carries the
 * CSRF token as `_csrf`: ask `requireCsrf` for it.
 * @throws ReeveError `unavailable`
 */
export async function sessionOf({ principals }: Pick<Deps, 'principals'>, request: Request): Promise<Authenticated | null> {
  const text = cookieOf(request);
  const principal = text === undefined ? null : await principals.bySession(text);
  return principal && from(principal, request);
}

/** Whom the request's token or else its cookie is of; null when it is nobody's. @throws ReeveError `unavailable` */
export async function principalOf({ principals }: Pick<Deps, 'principals'>, request: Request): Promise<Principal | null> {
  const shown = request.get('authorization');
  const text = shown === undefined ? cookieOf(request) : /^Bearer +([\w-]{20,200})$/i.exec(shown)?.[1];
  if (text === undefined) return null;
  return await (shown === undefined ? principals.bySession(text) : principals.byToken(text));
}

/** What the session's forms and scripts send back. */
export function csrfOf(key: PeopleKey, { session }: Pick<Authenticated, 'session'>): string {
  return session === null ? '' : csrfToken(key, session);
}

/** @throws ReeveError `forbidden` when what was sent is not the session's own token */
export function requireCsrf(key: PeopleKey, who: Authenticated, sent: unknown): void {
  const expected = Buffer.from(csrfOf(key, who));
  const given = Buffer.from(typeof sent === 'string' ? sent : '');
  if (expected.length > 0 && given.length === expected.length && timingSafeEqual(expected, given)) return;
  throw new ReeveError('forbidden', 'this did not come from a page of this session: load the page again and repeat it', { csrf: true });
}

function cookieOf(request: Request): string | undefined {
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const text = pairs.find((pair) => pair.startsWith(`${SESSION_COOKIE}=`))?.slice(SESSION_COOKIE.length + 1);
  return text !== undefined && /^[\w-]{20,200}$/.test(text) ? text : undefined;
}

function from({ actor, ...rest }: Principal, request: Request): Authenticated {
  return { ...rest, actor: { ...actor, ...(request.ip ? { address: request.ip } : {}) } };
}
