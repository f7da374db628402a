/** People. Their e-mail is in lower case everywhere below the border. */
import { ReeveError } from '../domain/errors.ts';
import type { UserOrder } from '../domain/resources/people.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { newId } from './new-id.ts';
import { keepingAnOwner } from './owners.ts';
import { type Queryable, within } from './pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './read/order.ts';
import { endSessionsOf } from './sessions.ts';
import { writeAudit } from './write-audit.ts';

export type UserState = 'invited' | 'active' | 'disabled';

export interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly state: UserState;
  readonly hasPassword: boolean;
  readonly totp: boolean;
  readonly createdAt: Date;
  readonly lastSeenAt: Date | null;
  readonly teams: readonly { readonly id: string; readonly name: string }[];
}

const SELECT = `select u.id, u.email, u.name, u.state, u.password_hash is not null as "hasPassword",
    u.totp_confirmed_at is not null as totp, u.created_at as "createdAt", u.last_seen_at as "lastSeenAt",
    coalesce((select jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name) order by t.name)
      from team_member m join team t on t.id = m.team_id where m.user_id = u.id), '[]') as teams
  from app_user u`;

/** What signing in looks at. Never leaves the server. */
export interface SignInRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly state: UserState;
  readonly password_hash: string | null;
  /** Sealed (unsealTotpSecret); it counts once it is confirmed. */
  readonly totp_secret: string | null;
  readonly totp_confirmed_at: Date | null;
}

/** A new person. @throws ReeveError `exists` when the e-mail is somebody's */
export async function createUser(
  db: Queryable, { email, name, state = 'invited', actor }: { email: string; name: string; state?: UserState; actor: Actor },
): Promise<string> {
  const id = newId('u');
  await within(db, async (db) => {
    const { rowCount } = await translated(db.query(
      'insert into app_user (id, email, name, state, created_by) values ($1, $2, $3, $4, $5) on conflict (email) do nothing',
      [id, email.toLowerCase(), name, state, JSON.stringify(actor)]));
    if (!rowCount) throw new ReeveError('exists', `somebody has the e-mail ${email.toLowerCase()} already`, { errors: [{ path: 'email', message: 'is somebody’s already' }] });
    await writeAudit(db, { actor, action: 'user.created', subject: `user:${id}`, after: { email: email.toLowerCase(), name, state } });
  });
  return id;
}

/** By id or e-mail. @throws ReeveError `not-found` */
export async function readUser(db: Queryable, idOrEmail: string): Promise<UserRow> {
  const { rows: [row] } = await translated(db.query<UserRow>(`${SELECT} where u.id = $1 or u.email = lower($1)`, [idOrEmail]));
  if (!row) throw new ReeveError('not-found', `there is nobody ${idOrEmail.slice(0, 254)}`, { user: idOrEmail.slice(0, 254) });
  return row;
}

/** By id or e-mail, with what proves who they are; null when there is nobody. */
export async function readForSignIn(db: Queryable, idOrEmail: string): Promise<SignInRow | null> {
  const { rows } = await translated(db.query<SignInRow>(
    'select id, email, name, state, password_hash, totp_secret, totp_confirmed_at from app_user where id = $1 or email = lower($1)', [idOrEmail]));
  return rows[0] ?? null;
}

export interface UserFilter {
  readonly limit: number;
  readonly after?: Last | null;
  readonly state?: UserState | undefined;
  readonly team?: string | undefined;
  readonly search?: string | undefined;
  /** Only whoever was given something on one of these sites, and this person; undefined: everyone. */
  readonly sites?: readonly string[] | undefined;
  readonly self?: string | undefined;
  readonly id?: string | undefined;
  readonly sort?: UserOrder;
}

const ORDERS = {
  email: { key: 'u.email', type: 'text' }, name: { key: 'lower(u.name)', type: 'text' }, created: { key: 'u.created_at', type: 'timestamptz' },
  // Whoever was never seen was seen least lately.
  seen: { key: `coalesce(u.last_seen_at, '-infinity')`, type: 'timestamptz' },
} as const;

/** People in order, by e-mail unless said otherwise, each with their key; one more than `limit` when there is a next page. */
export async function listUsers(
  db: Queryable, { limit, after, state, team, search, sites, self, id, sort = 'email' }: UserFilter,
): Promise<{ user: UserRow; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<UserRow & { key: string }>(
    `${keyed(SELECT, order)} where ${afterLast(order, 'u.id', 2)}
       and ($9::text is null or u.state = $9)
       and ($4::text is null or exists (select 1 from team_member m join team t on t.id = m.team_id where m.user_id = u.id and $4 in (t.id, t.name)))
       and ($5::text is null or strpos(u.email, lower($5)) > 0 or strpos(lower(u.name), lower($5)) > 0)
       and ($6::text[] is null or u.id = $7 or exists (select 1 from "grant" g where g.site = any($6)
         and (g.user_id = u.id or g.team_id in (select m.team_id from team_member m where m.user_id = u.id))))
       and ($8::text is null or u.id = $8)
     ${inOrder(order, 'u.id')} limit $1`,
    [limit + 1, ...valuesOf(order, after), team ?? null, search ?? null, sites ?? null, self ?? null, id ?? null, state ?? null]));
  return rows.map(({ key, ...user }) => ({ key, user }));
}

/**
 * Change who they are, or whether they may come in. Disabled, their sessions end at once and their tokens rest.
 * @throws ReeveError `not-found`, `exists`, `conflict` for the last owner
 */
export async function updateUser(
  db: Queryable, id: string, change: { name?: string | undefined; email?: string | undefined; state?: 'active' | 'disabled' | undefined }, actor: Actor,
): Promise<void> {
  await keepingAnOwner(db, async (db) => {
    const before = await readUser(db, id);
    const after = { name: change.name ?? before.name, email: change.email?.toLowerCase() ?? before.email, state: change.state ?? before.state };
    try {
      await db.query('update app_user set name = $2, email = $3, state = $4 where id = $1', [before.id, after.name, after.email, after.state]);
    } catch (error) {
      if ((error as { code?: string }).code !== '23505') throw error;
      throw new ReeveError('exists', `somebody has the e-mail ${after.email} already`, { errors: [{ path: 'email', message: 'is somebody’s already' }] });
    }
    if (after.state === 'disabled' && before.state !== 'disabled') await endSessionsOf(db, before.id, actor);
    await writeAudit(db, {
      actor, action: after.state === before.state ? 'user.updated' : after.state === 'disabled' ? 'user.disabled' : 'user.enabled', subject: `user:${before.id}`,
      before: { name: before.name, email: before.email, state: before.state }, after,
    });
  });
}

/** Remove somebody, with their sessions, tokens and grants. @throws ReeveError `not-found`, `conflict` for the last owner */
export async function removeUser(db: Queryable, id: string, actor: Actor): Promise<void> {
  await keepingAnOwner(db, async (db) => {
    const { id: user, email, name, state } = await readUser(db, id);
    await translated(db.query('delete from app_user where id = $1', [user]));
    await writeAudit(db, { actor, action: 'user.removed', subject: `user:${user}`, before: { email, name, state } });
  });
}

/** Keep a new password's hash; whoever was invited is active from then on. Sessions are the caller's to end. */
export async function setPassword(db: Queryable, user: string, hash: string, actor: Actor): Promise<void> {
  await within(db, async (db) => {
    await translated(db.query(
      `update app_user set password_hash = $2, state = case when state = 'invited' then 'active' else state end where id = $1`, [user, hash]));
    await writeAudit(db, { actor, action: 'user.password-set', subject: `user:${user}` });
  });
}

/** The same password under newer parameters: nothing that a person did. */
export async function rehashPassword(db: Queryable, user: string, before: string, after: string): Promise<void> {
  await translated(db.query('update app_user set password_hash = $3 where id = $1 and password_hash = $2', [user, before, after]));
}

/** The sealed secret of their one-time codes: null takes it away; unconfirmed, it does not count yet. */
export async function setTotp(db: Queryable, user: string, sealed: string | null, confirmed: boolean, actor: Actor): Promise<void> {
  await within(db, async (db) => {
    await translated(db.query(
      'update app_user set totp_secret = $2, totp_confirmed_at = case when $3 then clock_timestamp() end where id = $1', [user, sealed, sealed !== null && confirmed]));
    if (sealed === null || confirmed) {
      await writeAudit(db, { actor, action: sealed === null ? 'user.totp-removed' : 'user.totp-set', subject: `user:${user}` });
    }
  });
}
