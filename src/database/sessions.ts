/** Sessions: a cookie's text is shown to one browser and kept as a hash. */
import { createHash, randomBytes } from 'node:crypto';
import type { SessionOrder } from '../domain/resources/people.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { newId } from './new-id.ts';
import { type Queryable, within } from './pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './read/order.ts';
import { writeAudit } from './write-audit.ts';

export const SESSION_COOKIE = 'reeve_session';
/** A week after it was made, whatever happens; half a day after it was last used. */
const LONGEST = '7 days';
const IDLE = '12 hours';

/** Of the row `s`: in use, neither ended nor left alone for too long. */
export const LIVE_SESSION = `s.ended_at is null and s.ends_at > clock_timestamp() and s.seen_at > clock_timestamp() - interval '${IDLE}'`;

export const hashOfSession = (text: string): Buffer => createHash('sha256').update(`reeve session ${text}`).digest();

export interface NewSession {
  readonly id: string;
  /** The value of Set-Cookie. */
  readonly cookie: string;
}

/**
 * A new session for a person who has just proved who they are. Always a new one: what the browser had before is nobody's.
 * @param secure whether the request came by https
 */
export async function createSession(
  db: Queryable, { user, name, address, agent, secure }: { user: string; name: string; address: string | undefined; agent: string | undefined; secure: boolean },
): Promise<NewSession> {
  const text = randomBytes(32).toString('base64url');
  const id = newId('e');
  return await within(db, async (db) => {
    await translated(db.query(
      `insert into session (id, hash, user_id, ends_at, address, agent) values ($1, $2, $3, clock_timestamp() + interval '${LONGEST}', $4, $5)`,
      [id, hashOfSession(text), user, address ?? null, agent?.slice(0, 300) ?? null]));
    await translated(db.query('update app_user set last_seen_at = clock_timestamp() where id = $1', [user]));
    await writeAudit(db, {
      actor: { kind: 'user', id: user, name, ...(address ? { address } : {}) }, action: 'session.created', subject: `user:${user}`, after: { session: id },
    });
    return { id, cookie: sessionCookie(text, secure) };
  });
}

/** Set-Cookie for a session's text; null takes the cookie away. */
export function sessionCookie(text: string | null, secure: boolean): string {
  const value = text === null ? `${SESSION_COOKIE}=; Max-Age=0` : `${SESSION_COOKIE}=${text}; Max-Age=${7 * 86_400}`;
  return `${value}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}

export interface SessionRow {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly seenAt: Date;
  readonly endsAt: Date;
  readonly address: string | null;
  readonly agent: string | null;
}

const SELECT = `select s.id, s.user_id as user, u.name, s.created_at as "createdAt", s.seen_at as "seenAt",
    least(s.ends_at, s.seen_at + interval '${IDLE}') as "endsAt", s.address, s.agent
  from session s join app_user u on u.id = s.user_id`;

const ORDERS = {
  seen: { key: 's.seen_at', type: 'timestamptz' }, created: { key: 's.created_at', type: 'timestamptz' }, user: { key: 'lower(u.name)', type: 'text' },
} as const;

/** Live sessions in order, last seen first unless said otherwise, of one person or of all, each with its key; one more than `limit` when there is a next page. */
export async function listSessions(
  db: Queryable, { limit, after, user, sort = '-seen' }: { limit: number; after?: Last | null; user?: string | undefined; sort?: SessionOrder },
): Promise<{ session: SessionRow; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<SessionRow & { key: string }>(
    `${keyed(SELECT, order)} where ${LIVE_SESSION} and ${afterLast(order, 's.id', 2)} and ($4::text is null or s.user_id = $4) ${inOrder(order, 's.id')} limit $1`,
    [limit + 1, ...valuesOf(order, after), user ?? null]));
  return rows.map(({ key, ...session }) => ({ key, session }));
}

/** Whose it is, or was; null when there is none. */
export async function userOfSession(db: Queryable, id: string): Promise<{ id: string; name: string } | null> {
  const { rows } = await translated(db.query<{ id: string; name: string }>('select u.id, u.name from session s join app_user u on u.id = s.user_id where s.id = $1', [id]));
  return rows[0] ?? null;
}

/** It was used just now. */
export async function touchSession(db: Queryable, id: string): Promise<void> {
  await db.query('update session set seen_at = clock_timestamp() where id = $1', [id]);
}

/** End one; with `user`, only if it is theirs. @returns whether there was one to end */
export async function endSession(db: Queryable, id: string, actor: Actor, user?: string): Promise<boolean> {
  return (await endWhere(db, actor, 'id = $1 and ($2::text is null or user_id = $2)', [id, user ?? null])) > 0;
}

/** End all of a person's but one, e.g. when the password changes. @returns how many */
export async function endSessionsOf(db: Queryable, user: string, actor: Actor, except?: string): Promise<number> {
  return await endWhere(db, actor, 'user_id = $1 and ($2::text is null or id <> $2)', [user, except ?? null]);
}

async function endWhere(db: Queryable, actor: Actor, where: string, values: unknown[]): Promise<number> {
  return await within(db, async (db) => {
    const { rows } = await translated(db.query<{ id: string; user_id: string }>(
      `update session set ended_at = clock_timestamp() where ${where} and ended_at is null returning id, user_id`, values));
    for (const { id, user_id } of rows) await writeAudit(db, { actor, action: 'session.ended', subject: `user:${user_id}`, before: { session: id } });
    return rows.length;
  });
}
