/** What people and teams were given. */
import { ReeveError } from '../domain/errors.ts';
import type { Grant, Grantee } from '../domain/permission.ts';
import type { GrantOrder } from '../domain/resources/people.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { newId } from './new-id.ts';
import { keepingAnOwner } from './owners.ts';
import { type Queryable, within } from './pool.ts';
import { GRANTS, type GrantRow as Given, ownGrantee, toGrant } from './principals.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './read/order.ts';
import { writeAudit } from './write-audit.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface GrantRow {
  readonly id: string;
  readonly user: Named | null;
  readonly team: Named | null;
  readonly role: string;
  readonly site: Named | null;
  readonly endsAt: Date | null;
  readonly ended: boolean;
  readonly reason: string | null;
  readonly createdAt: Date;
  readonly createdBy: Actor;
}

const SELECT = `select g.id, g.role, g.ends_at as "endsAt", coalesce(g.ends_at <= clock_timestamp(), false) as ended, g.reason,
    g.created_at as "createdAt", g.created_by as "createdBy",
    case when u.id is not null then jsonb_build_object('id', u.id, 'name', u.name) end as user,
    case when t.id is not null then jsonb_build_object('id', t.id, 'name', t.name) end as team,
    case when g.site is not null then jsonb_build_object('id', g.site, 'name', s.name) end as site
  from "grant" g left join app_user u on u.id = g.user_id left join team t on t.id = g.team_id left join site s on s.id = g.site`;

/** @throws ReeveError `not-found` */
export async function readGrant(db: Queryable, id: string): Promise<GrantRow> {
  const { rows: [row] } = await translated(db.query<GrantRow>(`${SELECT} where g.id = $1`, [id]));
  if (!row) throw new ReeveError('not-found', `there is no grant ${id}`, { grant: id });
  return row;
}

export interface GrantFilter {
  readonly limit: number;
  readonly after?: Last | null;
  readonly user?: string | undefined;
  readonly team?: string | undefined;
  /** An id. */
  readonly site?: string | undefined;
  /** Only what was given on one of these sites, and to this person; undefined: all. */
  readonly sites?: readonly string[] | undefined;
  readonly self?: string | undefined;
  readonly sort?: GrantOrder;
}

const ORDERS = {
  created: { key: 'g.created_at', type: 'timestamptz' }, role: { key: 'g.role', type: 'text' }, who: { key: 'lower(coalesce(u.name, t.name))', type: 'text' },
  // What has no end ends last.
  ends: { key: `coalesce(g.ends_at, 'infinity')`, type: 'timestamptz' },
} as const;

/**
 * Grants in order, newest first unless said otherwise, each with its key; also what has ended. One more than `limit` when
 * there is a next page. `user` finds teams' grants too.
 */
export async function listGrants(
  db: Queryable, { limit, after, user, team, site, sites, self, sort = '-created' }: GrantFilter,
): Promise<{ grant: GrantRow; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<GrantRow & { key: string }>(
    `${keyed(SELECT, order)} where ${afterLast(order, 'g.id', 2)}
       and ($4::text is null or u.id = $4 or u.email = lower($4) or g.team_id in (
         select m.team_id from team_member m join app_user o on o.id = m.user_id where o.id = $4 or o.email = lower($4)))
       and ($5::text is null or t.id = $5 or t.name = $5) and ($6::text is null or g.site = $6)
       and ($7::text[] is null or g.site = any($7) or g.user_id = $8 or g.team_id in (select m.team_id from team_member m where m.user_id = $8))
     ${inOrder(order, 'g.id')} limit $1`,
    [limit + 1, ...valuesOf(order, after), user ?? null, team ?? null, site ?? null, sites ?? null, self ?? null]));
  return rows.map(({ key, ...grant }) => ({ key, grant }));
}

export interface NewGrant {
  /** Ids; one of the two. */
  readonly user?: string | undefined;
  readonly team?: string | undefined;
  readonly role: string;
  readonly site?: string | undefined;
  readonly endsAt?: Date | undefined;
  readonly reason?: string | undefined;
  readonly actor: Actor;
}

/** Give a role. What has ended may be given anew. @throws ReeveError `exists` when they have it already */
export async function addGrant(db: Queryable, { user, team, role, site, endsAt, reason, actor }: NewGrant): Promise<string> {
  const id = newId('g');
  await within(db, async (db) => {
    await translated(db.query(
      `delete from "grant" where coalesce(user_id, team_id) = $1 and role = $2 and site is not distinct from $3 and ends_at <= clock_timestamp()`,
      [user ?? team, role, site ?? null]));
    const { rowCount } = await translated(db.query(
      `insert into "grant" (id, user_id, team_id, role, site, ends_at, reason, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
      [id, user ?? null, team ?? null, role, site ?? null, endsAt ?? null, reason ?? null, JSON.stringify(actor)]));
    if (!rowCount) throw new ReeveError('exists', `they have the role ${role} there already: take it away first to give it another end`, { role });
    await writeAudit(db, { actor, action: 'grant.given', subject: `grant:${id}`, after: { user, team, role, site, endsAt }, ...(reason ? { reason } : {}) });
  });
  return id;
}

/** @throws ReeveError `not-found`, `conflict` for the last owner's */
export async function removeGrant(db: Queryable, id: string, actor: Actor): Promise<void> {
  await keepingAnOwner(db, async (db) => {
    const { user, team, role, site, endsAt } = await readGrant(db, id);
    await translated(db.query('delete from "grant" where id = $1', [id]));
    await writeAudit(db, {
      actor, action: 'grant.taken', subject: `grant:${id}`,
      before: { user: user?.id, team: team?.id, role, site: site?.id, endsAt },
    });
  });
}

export interface Holder extends Grantee {
  readonly kind: 'user' | 'token';
  readonly id: string;
  /** The person's or token's own name. */
  readonly called: string;
}

/**
 * Everyone who could do something there: active people who were given something on the platform or on the site (undefined:
 * on the platform), with all their grants, and the platform's own tokens.
 */
export async function listHolders(db: Queryable, { site }: { readonly site?: string | undefined }): Promise<Holder[]> {
  const { rows: people } = await translated(db.query<{ id: string; name: string; grants: Given[] }>(
    `with there as materialized (select user_id, team_id from "grant" where site is null or site = $1)
     select u.id, u.name, ${GRANTS} as grants from app_user u where u.state = 'active' and u.id in (
       select user_id from there union all select m.user_id from there join team_member m on m.team_id = there.team_id)
     order by u.name, u.id`, [site ?? null]));
  const { rows: tokens } = await translated(db.query<{ id: string; name: string; role: string; roleActions: string[] | null; actions: string[] | null; sites: string[] | null }>(
    `select k.id, k.name, k.role, r.actions as "roleActions", k.actions, k.sites from token k left join role r on r.name = k.role
     where k.user_id is null and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp()) order by k.name, k.id`));
  return [
    ...people.map(({ id, name, grants }): Holder => ({ kind: 'user', id, called: name, name, grants: grants.map(toGrant) })),
    ...tokens.map(({ id, ...token }): Holder => ({ kind: 'token', id, called: token.name, ...ownGrantee(token) })),
  ];
}

/** All that a team's members have through it. */
export async function grantsOfTeam(db: Queryable, team: string): Promise<Grant[]> {
  const { rows } = await translated(db.query<Given>(
    `select g.role, r.actions, g.site, null as team, g.ends_at as "endsAt" from "grant" g left join role r on r.name = g.role where g.team_id = $1`, [team]));
  return rows.map(toGrant);
}

/**
 * What a live token may at most: a person's, all that they have, which it is ended with; the platform's own, its role there.
 * Its limits to some actions are left out: who ends it should have had the role to give. @throws ReeveError `not-found`
 */
export async function grantsOfToken(db: Queryable, token: string): Promise<readonly Grant[]> {
  const { rows: [row] } = await translated(db.query<Parameters<typeof ownGrantee>[0] & { user: string | null }>(
    `select k.name, k.role, r.actions as "roleActions", k.actions, k.sites, k.user_id as user from token k left join role r on r.name = k.role
     where k.id = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())`, [token]));
  if (!row) throw new ReeveError('not-found', `there is no token ${token}`);
  return row.user === null ? ownGrantee(row).grants : await grantsOfUser(db, row.user);
}

/** All that a person has, also through teams. */
export async function grantsOfUser(db: Queryable, user: string): Promise<Grant[]> {
  const { rows } = await translated(db.query<{ grants: Given[] }>(`select ${GRANTS} as grants from app_user u where u.id = $1`, [user]));
  return (rows[0]?.grants ?? []).map(toGrant);
}
