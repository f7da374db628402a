import { z } from 'zod';
import { grantsOfUser } from '../../database/grants.ts';
import { createLink } from '../../database/one-time-links.ts';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import type { Person } from '../../database/principals.ts';
import { endSessionsOf } from '../../database/sessions.ts';
import { listUsers, readUser, removeUser, updateUser, type UserRow } from '../../database/users.ts';
import { ReeveError } from '../../domain/errors.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { linkSchema, type User, updateUserSchema, userOrder, userSchema } from '../../domain/resources/people.ts';
import { requireCovers } from '../may-give.ts';
import { oneTimeLink } from '../one-time-link.ts';
import { type Call, route } from '../route.ts';

const tag = 'People';
const params = z.strictObject({ user: z.string().min(1).max(254).meta({ description: 'Their id or e-mail' }) });

export const userResource = (row: UserRow): User => ({
  ...row, teams: [...row.teams], createdAt: row.createdAt.toISOString(), lastSeenAt: row.lastSeenAt?.toISOString() ?? null,
});

/** Somebody whom one may see: on one's sites, or oneself. @throws ReeveError `not-found` */
export async function seenUser({ db, sites, user }: Pick<Call<never, never, never>, 'db' | 'sites' | 'user'>, idOrEmail: string): Promise<UserRow> {
  const row = await readUser(db, idOrEmail);
  if (sites === undefined) return row;
  const [seen] = await listUsers(db, { limit: 1, id: row.id, sites, self: user?.id });
  if (!seen) throw new ReeveError('not-found', `there is nobody ${idOrEmail}`, { user: idOrEmail });
  return row;
}

/** Nobody locks themselves out by a slip. @throws ReeveError `conflict` */
function requireAnother(self: Person | null, { id }: UserRow, verb: string): void {
  if (self?.id === id) throw new ReeveError('conflict', `nobody ${verb} themselves: ask somebody else who may`);
}

export const userRoutes = [
  route({
    method: 'GET', path: '/users', action: 'user:read', on: 'any', tag, summary: 'List people, by e-mail unless asked otherwise', status: 200,
    description: 'Whoever was given something on some sites alone sees the people of those sites.',
    query: z.strictObject({
      ...pageQuery, state: userSchema.shape.state.optional(), team: z.string().max(100).optional().meta({ description: 'Its id or name' }),
      search: z.string().trim().max(254).optional().meta({ description: 'In their e-mail or name' }),
      sort: userOrder.default('email').meta({ description: '`-seen`: whoever was here last' }),
    }),
    answer: pageOf(userSchema, 'User'),
    async handle({ db, sites, user, query: { limit, cursor, ...filter } }) {
      const rows = await listUsers(db, { ...filter, limit, after: lastOf(cursor), sites, self: user?.id });
      return { body: orderedPage(rows, limit, ({ user }) => userResource(user), ({ id }) => id) };
    },
  }),
  route({
    method: 'GET', path: '/users/{user}', action: 'user:read', on: 'any', tag, summary: 'One of them', status: 200, params, answer: userSchema,
    handle: async (call) => ({ body: userResource(await seenUser(call, call.params.user)) }),
  }),
  route({
    method: 'PATCH', path: '/users/{user}', action: 'user:update', tag, summary: 'Change who they are, or disable them', status: 200,
    description: 'Disabled, their sessions end at once and their tokens rest.',
    params, body: updateUserSchema, answer: userSchema,
    async handle({ db, params, body, grantee, actor, user }) {
      const row = await readUser(db, params.user);
      requireCovers(grantee, await grantsOfUser(db, row.id), row.name);
      if (body.state === 'disabled') requireAnother(user, row, 'disables');
      if (body.state === 'active' && row.state === 'invited') throw new ReeveError('conflict', `${row.name} is active once they have come in by their invitation`);
      await updateUser(db, row.id, body, actor);
      return { body: userResource(await readUser(db, row.id)) };
    },
  }),
  route({
    method: 'DELETE', path: '/users/{user}', action: 'user:remove', tag, summary: 'Remove somebody, with their sessions, tokens and grants', status: 204, params,
    async handle({ db, params, grantee, actor, user }) {
      const row = await readUser(db, params.user);
      requireCovers(grantee, await grantsOfUser(db, row.id), row.name);
      requireAnother(user, row, 'removes');
      await removeUser(db, row.id, actor);
      return {};
    },
  }),
  route({
    method: 'POST', path: '/users/{user}/reset', action: 'user:update', tag, summary: 'A link to set a new password, for somebody who cannot get in', status: 201, shownOnce: true,
    params, answer: linkSchema,
    async handle({ db, deps, params, grantee, actor }) {
      const row = await readUser(db, params.user);
      requireCovers(grantee, await grantsOfUser(db, row.id), row.name);
      if (row.state !== 'active') throw new ReeveError('conflict', `${row.name} is ${row.state}: ${row.state === 'invited' ? 'invite them again' : 'enable them first'}`);
      return { body: oneTimeLink(deps.config, 'reset', row, await createLink(db, { user: row.id, purpose: 'reset', actor })) };
    },
  }),
  route({
    method: 'DELETE', path: '/users/{user}/sessions', action: 'session:end', tag, summary: 'End all their sessions', status: 204, params,
    async handle({ db, params, grantee, actor }) {
      const row = await readUser(db, params.user);
      requireCovers(grantee, await grantsOfUser(db, row.id), row.name);
      await endSessionsOf(db, row.id, actor);
      return {};
    },
  }),
];
