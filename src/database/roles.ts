/** Roles of people's own making. */
import { ReeveError } from '../domain/errors.ts';
import { type Action, actionsOfRole, isAction } from '../domain/permission.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { type Queryable, within } from './pool.ts';
import { writeAudit } from './write-audit.ts';

export interface RoleRow {
  readonly name: string;
  readonly description: string;
  readonly actions: string[];
  readonly createdAt: Date;
}

const SELECT = 'select name, description, actions, created_at as "createdAt" from role';

export async function listRoles(db: Queryable): Promise<RoleRow[]> {
  return (await translated(db.query<RoleRow>(`${SELECT} order by name`))).rows;
}

/** @throws ReeveError `not-found` */
export async function readRole(db: Queryable, name: string): Promise<RoleRow> {
  const { rows: [row] } = await translated(db.query<RoleRow>(`${SELECT} where name = $1`, [name]));
  if (!row) throw new ReeveError('not-found', `there is no role ${name.slice(0, 100)} of your own making`, { role: name.slice(0, 100) });
  return row;
}

/** The actions of a built-in role or of one's own. @throws ReeveError `invalid` when there is no such role */
export async function roleActions(db: Queryable, name: string): Promise<ReadonlySet<Action>> {
  const builtIn = actionsOfRole(name);
  if (builtIn) return builtIn;
  const { rows: [row] } = await translated(db.query<{ actions: string[] }>('select actions from role where name = $1', [name]));
  if (!row) throw new ReeveError('invalid', `there is no role ${name}`, { errors: [{ path: 'role', message: 'is no role' }] });
  return new Set(row.actions.filter(isAction));
}

/** @throws ReeveError `exists` */
export async function createRole(db: Queryable, { name, description, actions, actor }: { name: string; description: string; actions: readonly Action[]; actor: Actor }): Promise<void> {
  await within(db, async (db) => {
    const { rowCount } = await translated(db.query(
      'insert into role (name, description, actions, created_by) values ($1, $2, $3, $4) on conflict do nothing', [name, description, actions, JSON.stringify(actor)]));
    if (!rowCount) throw new ReeveError('exists', `there is a role ${name} already`, { errors: [{ path: 'name', message: 'is a role already' }] });
    await writeAudit(db, { actor, action: 'role.created', subject: `role:${name}`, after: { description, actions } });
  });
}

/** Whoever has it may from now on what it says now. @throws ReeveError `not-found` */
export async function updateRole(
  db: Queryable, name: string, change: { description?: string | undefined; actions?: readonly Action[] | undefined }, actor: Actor,
): Promise<void> {
  await within(db, async (db) => {
    const { description, actions } = await readRole(db, name);
    const after = { description: change.description ?? description, actions: change.actions ?? actions };
    await translated(db.query('update role set description = $2, actions = $3 where name = $1', [name, after.description, after.actions]));
    await writeAudit(db, { actor, action: 'role.updated', subject: `role:${name}`, before: { description, actions }, after });
  });
}

/** @throws ReeveError `not-found`, `conflict` while somebody has it */
export async function removeRole(db: Queryable, name: string, actor: Actor): Promise<void> {
  await within(db, async (db) => {
    const { description, actions } = await readRole(db, name);
    const { rows: [used] } = await translated(db.query<{ n: number }>(
      `select (select count(*) from "grant" where role = $1)::int + (select count(*) from token where role = $1 and revoked_at is null)::int as n`, [name]));
    if (used!.n > 0) throw new ReeveError('conflict', `${used!.n} grants or tokens have the role ${name}: take them away first`, { role: name });
    await translated(db.query('delete from role where name = $1', [name]));
    await writeAudit(db, { actor, action: 'role.removed', subject: `role:${name}`, before: { description, actions } });
  });
}
