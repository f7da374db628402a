/** Links that are good once: an invitation, or a new password. Their text is shown once and kept as a hash. */
import { createHash, randomBytes } from 'node:crypto';
import { ReeveError } from '../domain/errors.ts';
import type { InvitationOrder } from '../domain/resources/people.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { newId } from './new-id.ts';
import { type Queryable, within } from './pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './read/order.ts';
import type { UserState } from './users.ts';
import { writeAudit } from './write-audit.ts';

export type LinkPurpose = 'invitation' | 'reset';

const LASTS: Readonly<Record<LinkPurpose, string>> = { invitation: '7 days', reset: '2 hours' };

const hashOf = (text: string): Buffer => createHash('sha256').update(`reeve link ${text}`).digest();

export interface NewLink {
  readonly id: string;
  /** What stands in the address, after `/invite/` or `/reset/`. */
  readonly text: string;
  readonly endsAt: Date;
}

/**
 * A new link for that person; older ones of its purpose are good no more. One that anybody may have mailed takes only such
 * ones' place: who asks for it again and again takes nothing away that somebody has handed over.
 */
export async function createLink(db: Queryable, { user, purpose, actor }: { user: string; purpose: LinkPurpose; actor: Actor }): Promise<NewLink> {
  const text = randomBytes(32).toString('base64url');
  const id = newId('v');
  return await within(db, async (db) => {
    await translated(db.query(
      `delete from one_time_link where user_id = $1 and purpose = $2 and used_at is null
         and ($3::jsonb ->> 'kind' <> 'system' or (created_by ->> 'kind', created_by ->> 'id') = ($3::jsonb ->> 'kind', $3::jsonb ->> 'id'))`, [user, purpose, JSON.stringify(actor)]));
    const { rows: [row] } = await translated(db.query<{ ends_at: Date }>(
      `insert into one_time_link (id, hash, purpose, user_id, created_by, ends_at) values ($1, $2, $3, $4, $5, clock_timestamp() + $6::interval) returning ends_at`,
      [id, hashOf(text), purpose, user, JSON.stringify(actor), LASTS[purpose]]));
    await writeAudit(db, { actor, action: `user.${purpose}-link`, subject: `user:${user}`, after: { link: id } });
    return { id, text, endsAt: row!.ends_at };
  });
}

export interface LinkRow {
  readonly id: string;
  readonly purpose: LinkPurpose;
  readonly user: string;
  readonly email: string;
  readonly name: string;
  readonly state: UserState;
  readonly endsAt: Date;
}

const SELECT = `select l.id, l.purpose, l.user_id as user, u.email, u.name, u.state, l.ends_at as "endsAt"
  from one_time_link l join app_user u on u.id = l.user_id where l.used_at is null and l.ends_at > clock_timestamp()`;

/** Whether an invitation that is still good was made by somebody else, who knows its link; a person and their tokens are one. */
export async function invitedByAnother(db: Queryable, user: string, actor: Actor): Promise<boolean> {
  const { rowCount } = await translated(db.query(
    `select 1 from one_time_link where user_id = $1 and purpose = 'invitation' and used_at is null and ends_at > clock_timestamp()
       and coalesce(created_by ->> 'user', created_by ->> 'id') <> $2 limit 1`, [user, actor.user ?? actor.id]));
  return rowCount === 1;
}

/** The link that is still good; null when there is none. It stays good: this only looks. */
export async function findLink(db: Queryable, text: string, purpose: LinkPurpose): Promise<LinkRow | null> {
  const { rows } = await translated(db.query<LinkRow>(`${SELECT} and u.state <> 'disabled' and l.hash = $1 and l.purpose = $2`, [hashOf(text), purpose]));
  return rows[0] ?? null;
}

/** Use it: of two at once, one does. In the transaction of what it is used for. @throws ReeveError `conflict` when it is good no more */
export async function takeLink(db: Queryable, text: string, purpose: LinkPurpose): Promise<LinkRow> {
  const found = await findLink(db, text, purpose);
  const { rowCount } = await translated(db.query(
    'update one_time_link set used_at = clock_timestamp() where hash = $1 and purpose = $2 and used_at is null and ends_at > clock_timestamp()', [hashOf(text), purpose]));
  if (!found || !rowCount) throw new ReeveError('conflict', 'this link was used before, or has ended: ask for another one');
  return found;
}

const ORDERS = {
  ends: { key: 'l.ends_at', type: 'timestamptz' }, name: { key: 'lower(u.name)', type: 'text' }, email: { key: 'u.email', type: 'text' },
} as const;

/** Invitations that wait, in order, the newest first unless said otherwise, each with its key; one more than `limit` when there is a next page. */
export async function listInvitations(
  db: Queryable, { limit, after, sort = '-ends' }: { limit: number; after?: Last | null; sort?: InvitationOrder },
): Promise<{ link: LinkRow; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<LinkRow & { key: string }>(
    `${keyed(SELECT, order)} and l.purpose = 'invitation' and ${afterLast(order, 'l.id', 2)} ${inOrder(order, 'l.id')} limit $1`,
    [limit + 1, ...valuesOf(order, after)]));
  return rows.map(({ key, ...link }) => ({ key, link }));
}
