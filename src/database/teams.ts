/** Teams: what one is given, each member has. */
import { ReeveError } from '../domain/errors.ts';
import type { MemberOrder, TeamOrder } from '../domain/resources/people.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { newId } from './new-id.ts';
import { keepingAnOwner } from './owners.ts';
import { type Queryable, within } from './pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './read/order.ts';
import { readUser } from './users.ts';
import { writeAudit } from './write-audit.ts';

export interface TeamRow {
  readonly id: string;
  readonly name: string;
  readonly members: number;
  readonly createdAt: Date;
}

const MEMBERS = '(select count(*)::int from team_member m where m.team_id = t.id)';
const SELECT = `select t.id, t.name, ${MEMBERS} as members, t.created_at as "createdAt" from team t`;
const taken = (name: string) => new ReeveError('exists', `there is a team ${name} already`, { errors: [{ path: 'name', message: 'is a team’s already' }] });

/** By id or name. @throws ReeveError `not-found` */
export async function readTeam(db: Queryable, idOrName: string): Promise<TeamRow> {
  const { rows: [row] } = await translated(db.query<TeamRow>(`${SELECT} where t.id = $1 or t.name = $1 order by t.id <> $1 limit 1`, [idOrName]));
  if (!row) throw new ReeveError('not-found', `there is no team ${idOrName.slice(0, 100)}`, { team: idOrName.slice(0, 100) });
  return row;
}

const ORDERS = {
  name: { key: 't.name', type: 'text' }, members: { key: MEMBERS, type: 'numeric' }, created: { key: 't.created_at', type: 'timestamptz' },
} as const;

export interface TeamFilter {
  readonly limit: number;
  readonly after?: Last | null;
  /** In its name. */
  readonly search?: string | undefined;
  /** Only those with something on one of these sites, or of this person; undefined: all. */
  readonly sites?: readonly string[] | undefined;
  readonly self?: string | undefined;
  readonly id?: string | undefined;
  readonly sort?: TeamOrder;
}

/** Teams in order, by name unless said otherwise, each with its key; one more than `limit` for a next page. */
export async function listTeams(
  db: Queryable, { limit, after, search, sites, self, id, sort = 'name' }: TeamFilter,
): Promise<{ team: TeamRow; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<TeamRow & { key: string }>(
    `${keyed(SELECT, order)} where ${afterLast(order, 't.id', 2)} and ($4::text[] is null
       or exists (select 1 from "grant" g where g.team_id = t.id and g.site = any($4))
       or exists (select 1 from team_member m where m.team_id = t.id and m.user_id = $5))
       and ($6::text is null or t.id = $6) and ($7::text is null or strpos(lower(t.name), lower($7)) > 0)
     ${inOrder(order, 't.id')} limit $1`, [limit + 1, ...valuesOf(order, after), sites ?? null, self ?? null, id ?? null, search ?? null]));
  return rows.map(({ key, ...team }) => ({ key, team }));
}

/** @throws ReeveError `exists` */
export async function createTeam(db: Queryable, name: string, actor: Actor): Promise<string> {
  const id = newId('t');
  await within(db, async (db) => {
    const { rowCount } = await translated(db.query(
      'insert into team (id, name, created_by) values ($1, $2, $3) on conflict do nothing', [id, name, JSON.stringify(actor)]));
    if (!rowCount) throw taken(name);
    await writeAudit(db, { actor, action: 'team.created', subject: `team:${id}`, after: { name } });
  });
  return id;
}

/** @throws ReeveError `not-found`, `exists` */
export async function renameTeam(db: Queryable, id: string, name: string, actor: Actor): Promise<void> {
  await within(db, async (db) => {
    const before = await readTeam(db, id);
    const { rowCount } = await translated(db.query(
      'update team set name = $2 where id = $1 and not exists (select 1 from team where name = $2 and id <> $1)', [before.id, name]));
    if (!rowCount) throw taken(name);
    await writeAudit(db, { actor, action: 'team.renamed', subject: `team:${before.id}`, before: { name: before.name }, after: { name } });
  });
}

/** With its grants. @throws ReeveError `not-found`, `conflict` when the last owner is one through it */
export async function removeTeam(db: Queryable, id: string, actor: Actor): Promise<void> {
  await keepingAnOwner(db, async (db) => {
    const before = await readTeam(db, id);
    await translated(db.query('delete from team where id = $1', [before.id]));
    await writeAudit(db, { actor, action: 'team.removed', subject: `team:${before.id}`, before: { name: before.name, members: before.members } });
  });
}

export interface MemberRow {
  readonly user: string;
  readonly name: string;
  readonly email: string;
  readonly addedAt: Date;
}

const MEMBER = 'select u.id as user, u.name, u.email, m.added_at as "addedAt" from team_member m join app_user u on u.id = m.user_id';
const MEMBER_ORDERS = {
  email: { key: 'u.email', type: 'text' }, name: { key: 'lower(u.name)', type: 'text' }, added: { key: 'm.added_at', type: 'timestamptz' },
} as const;

/** Members in order, by e-mail unless said otherwise, each with their key; one more than `limit` when there is a next page. */
export async function listMembers(
  db: Queryable, team: string, { limit, after, sort = 'email' }: { limit: number; after?: Last | null; sort?: MemberOrder },
): Promise<{ member: MemberRow; key: string }[]> {
  const order = orderOf(MEMBER_ORDERS, sort);
  const { rows } = await translated(db.query<MemberRow & { key: string }>(
    `${keyed(MEMBER, order)} where ${afterLast(order, 'u.id', 2)} and m.team_id = $4 ${inOrder(order, 'u.id')} limit $1`,
    [limit + 1, ...valuesOf(order, after), team]));
  return rows.map(({ key, ...member }) => ({ key, member }));
}

/** Twice is once. @throws ReeveError `not-found` */
export async function addMember(db: Queryable, team: string, user: string, actor: Actor): Promise<void> {
  await within(db, async (db) => {
    const [{ id, name }, person] = [await readTeam(db, team), await readUser(db, user)];
    const { rowCount } = await translated(db.query('insert into team_member (team_id, user_id) values ($1, $2) on conflict do nothing', [id, person.id]));
    if (rowCount) await writeAudit(db, { actor, action: 'team.member-added', subject: `team:${id}`, after: { name, user: person.id, email: person.email } });
  });
}

/** @throws ReeveError `not-found`, `conflict` when the last owner is one through it */
export async function removeMember(db: Queryable, team: string, user: string, actor: Actor): Promise<void> {
  await keepingAnOwner(db, async (db) => {
    const [{ id, name }, person] = [await readTeam(db, team), await readUser(db, user)];
    const { rowCount } = await translated(db.query('delete from team_member where team_id = $1 and user_id = $2', [id, person.id]));
    if (!rowCount) throw new ReeveError('not-found', `${person.name} is not in team ${name}`, { user: person.id });
    await writeAudit(db, { actor, action: 'team.member-removed', subject: `team:${id}`, before: { name, user: person.id, email: person.email } });
  });
}
