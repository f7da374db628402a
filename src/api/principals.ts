/** Who a request's token or session belongs to, and what they may do. */
import { createHash } from 'node:crypto';
import type { Pool } from '../database/pool.ts';
import { findBySession, findByToken, type Principal } from '../database/principals.ts';
import { hashOfSession, touchSession } from '../database/sessions.ts';
import { touchToken } from '../database/tokens.ts';

/** What was found is believed for this long, where nobody says that people have changed. */
const BELIEVED_MS = 1_000;
const TOUCH_EVERY_MS = 60_000;
const MOST_KEPT = 1_000;

export interface Principals {
  /** Whose live token that is; null when it is nobody's. @throws ReeveError `unavailable` */
  byToken(text: string): Promise<Principal | null>;
  /** The same for the text of a session's cookie. */
  bySession(text: string): Promise<Principal | null>;
  /** Believe nothing any longer: people were changed. */
  forget(): void;
  /** Told at each forgetting, until the signal. */
  onForget(hear: () => void, until: AbortSignal): void;
}

/**
 * Looks people up by the hash of what they show. One look at a time for each, and the result is kept for a second, so
 * that 32 clients with one token cost one query a second (one in each request took a third of the reads a second).
 */
export function createPrincipals(pool: Pool, now: () => number = Date.now): Principals {
  const looks = new Map<string, { at: number; found: Promise<Principal | null> }>();
  const touched = new Map<string, number>();
  const hearers = new Set<() => void>();
  const touch = (id: string, write: (pool: Pool, id: string) => Promise<void>) => {
    if (now() - (touched.get(id) ?? 0) <= TOUCH_EVERY_MS) return;
    if (touched.size >= MOST_KEPT) touched.clear();
    touched.set(id, now());
    // When it was last used is for people's eyes, and for idle sessions; a request does not wait for it, or fail with it.
    write(pool, id).catch(() => touched.delete(id));
  };
  const find = async (hash: Buffer, look: (hash: Buffer) => Promise<Principal | null>): Promise<Principal | null> => {
    const key = hash.toString('base64');
    const known = looks.get(key);
    if (known && now() - known.at < BELIEVED_MS) return await known.found;
    if (looks.size >= MOST_KEPT) looks.clear();
    const found = look(hash);
    const mine = { at: now(), found };
    looks.set(key, mine);
    // What was not found is not remembered: a token works from the moment it is made.
    const drop = () => looks.get(key) === mine && looks.delete(key);
    found.then((principal) => principal ?? drop(), drop);
    return await found;
  };
  return {
    byToken: (text) => find(createHash('sha256').update(text).digest(), async (hash) => {
      const principal = await findByToken(pool, hash);
      if (principal) touch(principal.actor.id, touchToken);
      return principal;
    }),
    bySession: (text) => find(hashOfSession(text), async (hash) => {
      const principal = await findBySession(pool, hash);
      if (principal?.session) touch(principal.session, touchSession);
      return principal;
    }),
    forget() {
      looks.clear();
      for (const hear of hearers) hear();
    },
    onForget(hear, until) {
      if (until.aborted) return;
      hearers.add(hear);
      until.addEventListener('abort', () => hearers.delete(hear), { once: true });
    },
  };
}
