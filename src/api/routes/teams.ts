import { z } from 'zod';
import { grantsOfTeam } from '../../database/grants.ts';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { addMember, createTeam, listMembers, listTeams, readTeam, removeMember, removeTeam, renameTeam, type TeamRow } from '../../database/teams.ts';
import { ReeveError } from '../../domain/errors.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { addMemberSchema, memberOrder, memberSchema, teamBodySchema, teamOrder, teamSchema } from '../../domain/resources/people.ts';
import { readUser } from '../../database/users.ts';
import { requireCameIn, requireCovers } from '../may-give.ts';
import { type Call, route } from '../route.ts';

const tag = 'People';
const name = { team: z.string().min(1).max(100).meta({ description: 'Its id or name' }) };
const params = z.strictObject(name);

const toResource = (row: TeamRow) => ({ ...row, createdAt: row.createdAt.toISOString() });

/** Whoever changes a team's members gives, or takes, what the team has. */
async function covered({ db, grantee, params }: Pick<Call<{ team: string }, never, never>, 'db' | 'grantee' | 'params'>): Promise<TeamRow> {
  const team = await readTeam(db, params.team);
  requireCovers(grantee, await grantsOfTeam(db, team.id), `team ${team.name}`);
  return team;
}

/** A team that one may see: on one's sites, or one's own. @throws ReeveError `not-found` */
async function seenTeam({ db, sites, user, params }: Pick<Call<{ team: string }, never, never>, 'db' | 'sites' | 'user' | 'params'>): Promise<TeamRow> {
  const team = await readTeam(db, params.team);
  if (sites === undefined) return team;
  const seen = await listTeams(db, { limit: 1, id: team.id, sites, self: user?.id });
  if (seen.length === 0) throw new ReeveError('not-found', `there is no team ${params.team}`, { team: params.team });
  return team;
}

export const teamRoutes = [
  route({
    method: 'GET', path: '/teams', action: 'team:read', on: 'any', tag, summary: 'List the teams, by name unless asked otherwise', status: 200,
    query: z.strictObject({ ...pageQuery, search: z.string().trim().max(100).optional().meta({ description: 'In its name' }), sort: teamOrder.default('name') }),
    answer: pageOf(teamSchema, 'Team'),
    async handle({ db, sites, user, query: { limit, cursor, ...filter } }) {
      const rows = await listTeams(db, { ...filter, limit, after: lastOf(cursor), sites, self: user?.id });
      return { body: orderedPage(rows, limit, ({ team }) => toResource(team), ({ id }) => id) };
    },
  }),
  route({
    method: 'POST', path: '/teams', action: 'team:write', tag, summary: 'Make a team', status: 201, body: teamBodySchema, answer: teamSchema,
    handle: async ({ db, body, actor }) => ({ body: toResource(await readTeam(db, await createTeam(db, body.name, actor))) }),
  }),
  route({
    method: 'GET', path: '/teams/{team}', action: 'team:read', on: 'any', tag, summary: 'One team', status: 200, params, answer: teamSchema,
    handle: async (call) => ({ body: toResource(await seenTeam(call)) }),
  }),
  route({
    method: 'PATCH', path: '/teams/{team}', action: 'team:write', tag, summary: 'Rename it', status: 200, params, body: teamBodySchema, answer: teamSchema,
    async handle({ db, params, body, actor }) {
      const { id } = await readTeam(db, params.team);
      await renameTeam(db, id, body.name, actor);
      return { body: toResource(await readTeam(db, id)) };
    },
  }),
  route({
    method: 'DELETE', path: '/teams/{team}', action: 'team:write', tag, summary: 'Remove it, with what it was given', status: 204, params,
    async handle(call) {
      await removeTeam(call.db, (await covered(call)).id, call.actor);
      return {};
    },
  }),
  route({
    method: 'GET', path: '/teams/{team}/members', action: 'team:read', on: 'any', tag, summary: 'Who is in it, by e-mail unless asked otherwise', status: 200,
    params, query: z.strictObject({ ...pageQuery, sort: memberOrder.default('email') }), answer: pageOf(memberSchema, 'TeamMember'),
    async handle(call) {
      const { id } = await seenTeam(call);
      const { limit, cursor, sort } = call.query;
      const rows = await listMembers(call.db, id, { limit, after: lastOf(cursor), sort });
      return { body: orderedPage(rows, limit, ({ member }) => ({ ...member, addedAt: member.addedAt.toISOString() }), ({ user }) => user) };
    },
  }),
  route({
    method: 'POST', path: '/teams/{team}/members', action: 'team:write', tag, summary: 'Take somebody into it; twice is once', status: 201,
    params, body: addMemberSchema, answer: teamSchema,
    async handle(call) {
      const { id } = await covered(call);
      await requireCameIn(call.db, await readUser(call.db, call.body.user), call.actor);
      await addMember(call.db, id, call.body.user, call.actor);
      return { body: toResource(await readTeam(call.db, id)) };
    },
  }),
  route({
    method: 'DELETE', path: '/teams/{team}/members/{user}', action: 'team:write', tag, summary: 'Take somebody out of it', status: 204,
    params: z.strictObject({ ...name, user: z.string().min(1).max(254).meta({ description: 'Their id or e-mail' }) }),
    async handle(call) {
      await removeMember(call.db, (await covered(call)).id, call.params.user, call.actor);
      return {};
    },
  }),
];
