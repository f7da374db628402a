/** Tokens: shown once when they are made, kept as a hash. */
import { createHash, randomBytes } from 'node:crypto';
import { ReeveError } from '../domain/errors.ts';
import type { Action } from '../domain/permission.ts';
import type { TokenOrder } from '../domain/resources/people.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { newId } from './new-id.ts';
import { keepingAnOwner } from './owners.ts';
import { type Pool, type Queryable, transaction } from './pool.ts';
import { findByToken } from './principals.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './read/order.ts';
import { writeAudit } from './write-audit.ts';

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly actions: Action[] | null;
  readonly sites: string[] | null;
  readonly user: { readonly id: string; readonly name: string } | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface NewToken {
  readonly name: string;
  readonly role: string;
  /** Of the role's, these alone. */
  readonly actions?: readonly Action[] | undefined;
  /** Ids; on these alone. */
  readonly sites?: readonly string[] | undefined;
  readonly expiresAt?: string | undefined;
  /** Whose it is; the platform's own when left out. */
  readonly user?: string | undefined;
  /** Whether it was made as a token, or given for signing in: then it ends with the password. */
  readonly origin?: 'made' | 'sign-in';
  readonly actor: Actor;
}

const LIVE = 'k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())';

const SELECT = `select k.id, k.name, k.role, k.actions, k.sites, k.created_at as "createdAt", k.expires_at as "expiresAt", k.last_used_at as "lastUsedAt",
    case when u.id is not null then jsonb_build_object('id', u.id, 'name', u.name) end as user
  from token k left join app_user u on u.id = k.user_id`;

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

export async function touchToken(db: Queryable, id: string): Promise<void> {
  await db.query('update token set last_used_at = clock_timestamp() where id = $1', [id]);
}

/** Make a token. @returns its row, and its text, which is nowhere else */
export async function createToken(db: Queryable, { name, role, actions, sites, expiresAt, user, origin = 'made', actor }: NewToken): Promise<{ row: TokenRow; text: string }> {
  const text = `reeve_${randomBytes(32).toString('base64url')}`;
  const id = newId('k');
  await translated(db.query(
    `with made as (insert into token (id, name, hash, role, actions, sites, expires_at, user_id, created_by, origin) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning *)
     insert into audit (actor, action, subject, after)
       select $9, 'token.created', 'token:' || id, jsonb_strip_nulls(jsonb_build_object(
         'name', name, 'role', role, 'actions', actions, 'sites', sites, 'expiresAt', expires_at, 'user', user_id)) from made`,
    [id, name, hashOf(text), role, actions ?? null, sites ?? null, expiresAt ?? null, user ?? null, JSON.stringify(actor), origin]));
  const { rows } = await translated(db.query<TokenRow>(`${SELECT} where k.id = $1`, [id]));
  return { row: rows[0]!, text };
}

/** The first token of a new platform, an owner's; null when there is one of the platform's own. Of two that ask at once, one gets it. */
export async function ensureFirstToken(pool: Pool): Promise<string | null> {
  return await translated(transaction(pool, 'begin', async (client) => {
    await client.query('lock table token in share row exclusive mode');
    const { rowCount } = await client.query(`select 1 from token k where ${LIVE} and k.user_id is null limit 1`);
    return rowCount ? null : await createFirst(client);
  }));
}

/**
 * What a start on one machine works with: the token that it kept, while that is good; else another first one, whichever
 * others are live. Whoever starts it has the database and its master key, and with them all that an owner may do.
 */
export async function firstTokenOf(db: Queryable, kept: string | null): Promise<string> {
  return kept !== null && (await findByToken(db, hashOf(kept))) ? kept : await createFirst(db);
}

async function createFirst(db: Queryable): Promise<string> {
  const { text } = await createToken(db, { name: 'first', role: 'owner', actor: { kind: 'system', id: 'reeve', name: 'reeve' } });
  return text;
}

/**
 * The person who made a token of the platform's own, also over others that made it in their turn: whoever holds it, as far
 * as anybody knows. Null for what Reeve made, and when they are not active: then it is in other hands.
 */
export async function makerOfToken(db: Queryable, id: string): Promise<{ id: string; name: string } | null> {
  const { rows: [maker] } = await translated(db.query<{ id: string; name: string }>(
    `with recursive made as (
       select created_by as by, 1 as step from token where id = $1
       union all select k.created_by, step + 1 from made join token k on k.id = by ->> 'id' where by ->> 'kind' = 'token' and by ->> 'user' is null and step < 20)
     select u.id, u.name from made join app_user u on u.id = case by ->> 'kind' when 'user' then by ->> 'id' else by ->> 'user' end
     where u.state = 'active' order by step desc limit 1`, [id]));
  return maker ?? null;
}

const ORDERS = {
  created: { key: 'k.created_at', type: 'timestamptz' }, name: { key: 'lower(k.name)', type: 'text' },
  // What has no end ends last, and what was never used was used least lately.
  expires: { key: `coalesce(k.expires_at, 'infinity')`, type: 'timestamptz' }, used: { key: `coalesce(k.last_used_at, '-infinity')`, type: 'timestamptz' },
} as const;

/** Live tokens in order, newest first unless said otherwise, of one person or of all, each with its key; one more than `limit` when there is a next page. */
export async function listTokens(
  db: Queryable, { limit, after, user, sort = '-created' }: { limit: number; after?: Last | null; user?: string | undefined; sort?: TokenOrder },
): Promise<{ token: TokenRow; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<TokenRow & { key: string }>(
    `${keyed(SELECT, order)} where ${LIVE} and ${afterLast(order, 'k.id', 2)} and ($4::text is null or k.user_id = $4) ${inOrder(order, 'k.id')} limit $1`,
    [limit + 1, ...valuesOf(order, after), user ?? null]));
  return rows.map(({ key, ...token }) => ({ key, token }));
}

/** End a token; with `user`, only if it is theirs. @throws ReeveError `not-found`, `conflict` for the last owner's */
export async function revokeToken(db: Queryable, id: string, actor: Actor, user?: string): Promise<void> {
  await keepingAnOwner(db, async (db) => {
    const { rows: [token] } = await translated(db.query<{ name: string; role: string }>(
      `update token k set revoked_at = clock_timestamp() where k.id = $1 and ${LIVE} and ($2::text is null or k.user_id = $2) returning name, role`, [id, user ?? null]));
    if (!token) throw new ReeveError('not-found', `there is no token ${id}`);
    await writeAudit(db, { actor, action: 'token.revoked', subject: `token:${id}`, before: token });
  });
}
