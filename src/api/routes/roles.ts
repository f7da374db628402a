import { z } from 'zod';
import { createRole, listRoles, readRole, removeRole, type RoleRow, updateRole } from '../../database/roles.ts';
import { isAction, isRole, ROLE_ACTIONS, ROLES, type Role } from '../../domain/permission.ts';
import { pageOf } from '../../domain/resources/common.ts';
import { createRoleSchema, roleSchema, updateRoleSchema } from '../../domain/resources/people.ts';
import { requireCovers, requireMayGive } from '../may-give.ts';
import { route } from '../route.ts';

const tag = 'People';
const params = z.strictObject({ role: z.string().min(1).max(100) });

const DESCRIPTIONS: Readonly<Record<Role, string>> = {
  viewer: 'Sees everything, changes nothing', editor: 'Creates and changes sites and their hostnames',
  operator: 'Keeps the platform well: containers, releases, deleting sites, approvals', owner: 'May everything, also give it to others',
};
const builtIn = (name: Role) => ({ name, description: DESCRIPTIONS[name], builtIn: true, actions: [...ROLE_ACTIONS[name]].sort(), createdAt: null });
const toResource = (row: RoleRow) => ({ ...row, builtIn: false, createdAt: row.createdAt.toISOString() });

export const roleRoutes = [
  route({
    method: 'GET', path: '/roles', action: 'role:read', on: 'any', tag, summary: 'The built-in roles, and those of your own making', status: 200, answer: pageOf(roleSchema, 'Role'),
    handle: async ({ db }) => ({ body: { items: [...ROLES.map(builtIn), ...(await listRoles(db)).map(toResource)], next: null } }),
  }),
  route({
    method: 'GET', path: '/roles/{role}', action: 'role:read', on: 'any', tag, summary: 'One role, with its actions', status: 200, params, answer: roleSchema,
    handle: async ({ db, params: { role } }) => ({ body: isRole(role) ? builtIn(role) : toResource(await readRole(db, role)) }),
  }),
  route({
    method: 'POST', path: '/roles', action: 'role:write', tag, summary: 'Make a role: a set of actions', status: 201, body: createRoleSchema, answer: roleSchema,
    async handle({ db, body, grantee, actor }) {
      requireMayGive(grantee, { what: 'all of these actions', actions: body.actions });
      await createRole(db, { ...body, actor });
      return { body: toResource(await readRole(db, body.name)) };
    },
  }),
  route({
    method: 'PATCH', path: '/roles/{role}', action: 'role:write', tag, summary: 'Change it, for whoever has it', status: 200, params, body: updateRoleSchema, answer: roleSchema,
    async handle({ db, params: { role }, body, grantee, actor }) {
      const { actions } = await readRole(db, role);
      // What it gave before, it would give again; what is new must be one's own, and what goes is taken from whoever has it.
      const next = body.actions ?? actions.filter(isAction);
      requireMayGive(grantee, { what: 'all of these actions', actions: next.filter((action) => !actions.includes(action)) });
      requireCovers(grantee, [{ role, actions: new Set(actions.filter(isAction).filter((action) => !next.includes(action))) }], `role ${role}`);
      await updateRole(db, role, body, actor);
      return { body: toResource(await readRole(db, role)) };
    },
  }),
  route({
    method: 'DELETE', path: '/roles/{role}', action: 'role:write', tag, summary: 'Remove one that nobody has', status: 204, params,
    async handle({ db, params: { role }, actor }) {
      await removeRole(db, role, actor);
      return {};
    },
  }),
];
