/**
 * `Idempotency-Key`: the answer is kept in the transaction of what it answers, so that a request is done once however
 * often it comes, and whatever dies in between. What was refused did nothing, is not kept, and may be tried again.
 */
import { translated } from '../database/errors.ts';
import { type Client, type Pool, transaction } from '../database/pool.ts';
import { ReeveError } from '../domain/errors.ts';
import { type PeopleKey, requestDigest } from '../domain/secrets.ts';
import type { Reply } from './route.ts';

export interface Keyed {
  readonly key: string;
  /** The actor's id: two people may use one key. */
  readonly actor: string;
  readonly hash: string;
  readonly shownOnce: boolean;
}

/**
 * The request's hash is under a key that is not in the database: bodies hold variables of sites and passwords of servers,
 * and whoever reads a plain hash of one tries millions of guesses a second.
 * @throws ReeveError `bad-request` when the key has other characters than a key may have
 */
export function keyed(secret: PeopleKey, key: string, actor: string, asked: { method: string; path: string; body: unknown; shownOnce: boolean }): Keyed {
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) throw new ReeveError('bad-request', 'an Idempotency-Key has 1 to 200 visible ASCII characters');
  const hash = requestDigest(secret, JSON.stringify([asked.method, asked.path, asked.body ?? null]));
  return { key, actor, hash, shownOnce: asked.shownOnce };
}

export interface Kept extends Reply {
  readonly replayed: boolean;
}

/**
 * Do the work once for its key, or give the kept answer.
 * @throws ReeveError `busy` while the first is under way, `invalid` when the key was used for something else, and the work's own
 */
export async function once(pool: Pool, keyed: Keyed, work: (client: Client) => Promise<Reply>): Promise<Kept> {
  return await translated(transaction(pool, 'begin', async (client) => {
    const { rows: [lock] } = await client.query<{ free: boolean }>(
      'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as free', [`idempotency ${keyed.actor} ${keyed.key}`]);
    if (!lock!.free) throw new ReeveError('busy', 'the first request with this Idempotency-Key is still under way');
    const { rows: [kept] } = await client.query<{ request_hash: string; status: number; response: Reply & { shownOnce?: true } }>(
      'select request_hash, status, response from idempotency where actor = $1 and key = $2', [keyed.actor, keyed.key]);
    if (kept) return replay(keyed, kept);
    const reply = await work(client);
    const { body, etag, run } = reply;
    const response = keyed.shownOnce ? { shownOnce: true } : { body, etag, run };
    await client.query('insert into idempotency (key, actor, request_hash, status, response) values ($1, $2, $3, $4, $5)',
      [keyed.key, keyed.actor, keyed.hash, reply.status ?? 0, JSON.stringify(response)]);
    return { ...reply, replayed: false };
  }));
}

function replay(keyed: Keyed, kept: { request_hash: string; status: number; response: Reply & { shownOnce?: true } }): Kept {
  if (kept.request_hash !== keyed.hash) {
    throw new ReeveError('invalid', 'this Idempotency-Key was used for another request',
      { errors: [{ path: 'Idempotency-Key', message: 'was used for another request' }] });
  }
  if (kept.response.shownOnce) throw new ReeveError('conflict', 'this was done already; its answer was shown once and is not kept');
  return { ...kept.response, ...(kept.status > 0 ? { status: kept.status } : {}), replayed: true };
}
