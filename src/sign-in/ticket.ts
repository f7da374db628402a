/** Something that we told a browser and want to hear again unchanged, until its end: signed, so that nothing is kept of it. */
import { timingSafeEqual } from 'node:crypto';
import { type PeopleKey, peopleSignature } from '../domain/secrets.ts';

/** What it is for; a ticket for one thing is worth nothing for another. */
export type TicketPurpose = 'code' | 'known-browser' | 'first-owner';

/** `<base64url of the JSON>.<signature>`; anyone can read it, so it holds nothing secret. */
export function makeTicket(key: PeopleKey, purpose: TicketPurpose, data: Readonly<Record<string, string>>, endsAt: number): string {
  const payload = Buffer.from(JSON.stringify({ ...data, endsAt })).toString('base64url');
  return `${payload}.${peopleSignature(key, purpose, payload)}`;
}

/** What it says; null when it is not ours, for something else, or past its end. */
export function readTicket(key: PeopleKey, purpose: TicketPurpose, text: string | undefined, now: number = Date.now()): Readonly<Record<string, string>> | null {
  const [, payload, signature] = /^([\w-]{1,2000})\.([\w-]{43})$/.exec(text ?? '') ?? [];
  if (payload === undefined || signature === undefined) return null;
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(peopleSignature(key, purpose, payload)))) return null;
  const { endsAt, ...data } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, string> & { endsAt: number };
  return now < endsAt ? data : null;
}
