import { z } from 'zod';
import { addGrant, type GrantRow, grantsOfUser, listGrants, listHolders, readGrant, removeGrant } from '../../database/grants.ts';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { roleActions } from '../../database/roles.ts';
import { readTeam } from '../../database/teams.ts';
import { readUser } from '../../database/users.ts';
import { ReeveError } from '../../domain/errors.ts';
import { can, mayGrant, whoCan } from '../../domain/permission.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { actionName, createGrantSchema, decisionSchema, grantOrder, type GrantResource, grantSchema, whoCanSchema } from '../../domain/resources/people.ts';
import { endOf } from '../end-of.ts';
import { requireCameIn, requireMayGive } from '../may-give.ts';
import { route } from '../route.ts';
import { seenUser } from './users.ts';

const tag = 'People';
const params = z.strictObject({ grant: z.string().max(64) });
const site = z.string().max(64).optional().meta({ description: 'Its id or name' });

const toResource = (row: GrantRow): GrantResource => ({ ...row, endsAt: row.endsAt?.toISOString() ?? null, createdAt: row.createdAt.toISOString() });

export const grantRoutes = [
  route({
    method: 'GET', path: '/grants', action: 'grant:read', on: 'any', tag, summary: 'What was given to whom, newest first unless asked otherwise; also what has ended', status: 200,
    query: z.strictObject({
      ...pageQuery, site, user: z.string().max(254).optional().meta({ description: 'Their id or e-mail; also through teams' }),
      team: z.string().max(100).optional().meta({ description: 'Its id or name' }), sort: grantOrder.default('-created'),
    }),
    answer: pageOf(grantSchema, 'Grant'),
    async handle({ db, sites, user: self, seenSite, query: { limit, cursor, site, ...filter } }) {
      const on = site === undefined ? undefined : await seenSite(site);
      const rows = await listGrants(db, { ...filter, limit, after: lastOf(cursor), sites, self: self?.id, site: on });
      return { body: orderedPage(rows, limit, ({ grant }) => toResource(grant), ({ id }) => id) };
    },
  }),
  route({
    method: 'GET', path: '/grants/{grant}', action: 'grant:read', on: 'grant', tag, summary: 'One grant', status: 200, params, answer: grantSchema,
    handle: async ({ db, params: { grant } }) => ({ body: toResource(await readGrant(db, grant)) }),
  }),
  route({
    method: 'POST', path: '/grants', action: 'grant:write', on: 'any', tag, summary: 'Give a user or team a role, on the platform or on a site', status: 201,
    description: 'No one gives what they do not have, nor for longer. Somebody who is not here yet is invited (`POST /invitations`).',
    body: createGrantSchema, answer: grantSchema,
    async handle({ db, body, grantee, actor, permit, seenSite }) {
      const on = body.site === undefined ? undefined : await seenSite(body.site);
      permit('grant:write', on === undefined ? {} : { site: on });
      const endsAt = endOf('endsAt', body.endsAt);
      requireMayGive(grantee, { what: body.role, actions: await roleActions(db, body.role), site: on, endsAt });
      const person = body.user === undefined ? undefined : await readUser(db, body.user);
      if (person) await requireCameIn(db, person, actor);
      const team = body.team === undefined ? undefined : (await readTeam(db, body.team)).id;
      const grant = await addGrant(db, { user: person?.id, team, role: body.role, site: on, endsAt, reason: body.reason, actor });
      return { body: toResource(await readGrant(db, grant)) };
    },
  }),
  route({
    method: 'DELETE', path: '/grants/{grant}', action: 'grant:write', on: 'grant', tag, summary: 'Take it away', status: 204, params,
    async handle({ db, params: { grant }, grantee, actor }) {
      const { role, site } = await readGrant(db, grant);
      const now = new Date();
      if (!mayGrant(grantee, await roleActions(db, role), site ? { site: site.id } : {}, now, now)) {
        throw new ReeveError('forbidden', `${grantee.name} cannot take away what it does not have: ${role}`);
      }
      await removeGrant(db, grant, actor);
      return {};
    },
  }),
  route({
    method: 'GET', path: '/who-can', action: 'grant:read', on: 'any', tag, summary: 'Who may do something, and why', status: 200,
    description: 'Active people, and the platform’s own tokens. People’s own tokens may at most what they may.',
    query: z.strictObject({ action: actionName, site: site.meta({ description: 'Its id or name; the platform when left out' }) }), answer: whoCanSchema,
    async handle({ db, sites, permit, seenSite, query: { action, site } }) {
      const on = site === undefined ? undefined : await seenSite(site);
      if (sites !== undefined) permit('grant:read', on === undefined ? {} : { site: on });
      const found = whoCan(await listHolders(db, { site: on }), action, on === undefined ? {} : { site: on }, new Date());
      return { body: { action, site: on ?? null, items: found.map(({ who, why }) => ({ kind: who.kind, id: who.id, name: who.called, why })), next: null } };
    },
  }),
  route({
    method: 'GET', path: '/users/{user}/can', action: 'grant:read', on: 'any', tag, summary: 'Whether somebody may do something, and why, or why not', status: 200,
    params: z.strictObject({ user: z.string().min(1).max(254).meta({ description: 'Their id or e-mail' }) }),
    query: z.strictObject({ action: actionName, site: site.meta({ description: 'Its id or name; the platform when left out' }) }), answer: decisionSchema,
    async handle(call) {
      const { db, sites, permit, seenSite, params: { user }, query: { action, site } } = call;
      const { id, name, state } = await seenUser(call, user);
      const on = site === undefined ? null : await seenSite(site);
      const resource = on === null ? {} : { site: on };
      if (sites !== undefined) permit('grant:read', resource);
      const decision = state === 'active' ? can({ name, grants: await grantsOfUser(db, id) }, action, resource, new Date())
        : { allowed: false, why: state === 'invited' ? `${name} is invited, and has not come in yet` : `${name} is disabled` };
      return { body: { action, site: on, ...decision } };
    },
  }),
];
