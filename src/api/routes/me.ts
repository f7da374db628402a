import { z } from 'zod';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { endSession, endSessionsOf, listSessions } from '../../database/sessions.ts';
import { createToken, listTokens, revokeToken } from '../../database/tokens.ts';
import { updateUser } from '../../database/users.ts';
import { ReeveError } from '../../domain/errors.ts';
import { ALL_ACTIONS, can, isRole, ROLES } from '../../domain/permission.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import {
  actionName, createdTokenSchema, createMyTokenSchema, decisionSchema, meSchema, sessionOrder, sessionSchema, tokenOrder, tokenSchema, updateMeSchema,
} from '../../domain/resources/people.ts';
import type { Authenticated } from '../authenticate.ts';
import { endOf } from '../end-of.ts';
import { route } from '../route.ts';
import { sessionResource } from './sessions.ts';
import { siteIdsOf, tokenResource } from './tokens.ts';

const tag = 'People';

/** @throws ReeveError `conflict` for a token of the platform's own, which is nobody's */
function personOf({ user }: Pick<Authenticated, 'user'>): NonNullable<Authenticated['user']> {
  if (user) return user;
  throw new ReeveError('conflict', 'this is about the person who is signed in; a token of the platform’s own is nobody’s');
}

function describe({ actor, grantee, user, session }: Authenticated) {
  const now = new Date();
  const roles = grantee.grants.filter((grant) => grant.site === undefined && (grant.endsAt === undefined || now < grant.endsAt)).map((grant) => grant.role);
  const ranked = [...roles].sort((a, b) => (isRole(b) ? ROLES.indexOf(b) : -1) - (isRole(a) ? ROLES.indexOf(a) : -1));
  return {
    kind: actor.kind, id: actor.id, name: actor.name, user, session, role: ranked[0] ?? null,
    actions: ALL_ACTIONS.filter((action) => can(grantee, action, {}, now).allowed).sort(),
    grants: grantee.grants.filter(({ endsAt }) => endsAt === undefined || now < endsAt)
      .map(({ role, site, team, endsAt }) => ({ role, site: site ?? null, team: team ?? null, endsAt: endsAt?.toISOString() ?? null })),
  };
}

export const meRoutes = [
  route({
    method: 'GET', path: '/me', action: 'me:read', on: 'self', tag, summary: 'Who this is, and what they may do', status: 200,
    answer: meSchema,
    handle: async (call) => ({ body: describe(call) }),
  }),
  route({
    method: 'PATCH', path: '/me', action: 'me:update', on: 'self', tag, summary: 'Change one’s own name', status: 200,
    body: updateMeSchema, answer: meSchema,
    async handle(call) {
      const user = personOf(call);
      await updateUser(call.db, user.id, call.body, call.actor);
      return { body: describe({ ...call, user: { ...user, name: call.body.name } }) };
    },
  }),
  route({
    method: 'GET', path: '/me/can', action: 'me:read', on: 'self', tag, summary: 'Whether one may do something, and why', status: 200,
    query: z.strictObject({ action: actionName, site: z.string().max(64).optional().meta({ description: 'Its id or name; the platform when left out' }) }),
    answer: decisionSchema,
    async handle({ grantee, query: { action, site }, seenSite }) {
      const id = site === undefined ? null : await seenSite(site);
      return { body: { action, site: id, ...can(grantee, action, id === null ? {} : { site: id }, new Date()) } };
    },
  }),
  route({
    method: 'GET', path: '/me/sessions', action: 'me:read', on: 'self', tag, summary: 'One’s own sessions, last seen first unless asked otherwise', status: 200,
    query: z.strictObject({ ...pageQuery, sort: sessionOrder.default('-seen') }), answer: pageOf(sessionSchema, 'MySession'),
    async handle({ db, query: { limit, cursor, sort }, session: current, ...who }) {
      const rows = await listSessions(db, { limit, after: lastOf(cursor), user: personOf(who).id, sort });
      return { body: orderedPage(rows, limit, ({ session }) => sessionResource(session, current), ({ id }) => id) };
    },
  }),
  route({
    method: 'DELETE', path: '/me/sessions', action: 'me:update', on: 'self', tag, summary: 'End all of them but the one that asks', status: 204,
    async handle({ db, actor, user, session }) {
      await endSessionsOf(db, personOf({ user }).id, actor, session ?? undefined);
      return {};
    },
  }),
  route({
    method: 'DELETE', path: '/me/sessions/{session}', action: 'me:update', on: 'self', tag, summary: 'End one of them', status: 204,
    params: z.strictObject({ session: z.string().max(64) }),
    async handle({ db, params, actor, user }) {
      const ended = await endSession(db, params.session, actor, personOf({ user }).id);
      if (!ended) throw new ReeveError('not-found', `you have no session ${params.session}`);
      return {};
    },
  }),
  route({
    method: 'GET', path: '/me/tokens', action: 'me:read', on: 'self', tag, summary: 'One’s own tokens, newest first unless asked otherwise', status: 200,
    query: z.strictObject({ ...pageQuery, sort: tokenOrder.default('-created') }), answer: pageOf(tokenSchema, 'MyToken'),
    async handle({ db, query: { limit, cursor, sort }, ...who }) {
      const rows = await listTokens(db, { limit, after: lastOf(cursor), user: personOf(who).id, sort });
      return { body: orderedPage(rows, limit, ({ token }) => tokenResource(token), ({ id }) => id) };
    },
  }),
  route({
    method: 'POST', path: '/me/tokens', action: 'me:update', on: 'self', tag, summary: 'Make a token of one’s own; it is shown this once', status: 201,
    description: 'It may at most what its owner may at that moment, and rests while they are disabled. Made in a session only: a token makes no other.',
    body: createMyTokenSchema, answer: createdTokenSchema, shownOnce: true,
    async handle({ db, body, actor, user, session, seenSite }) {
      const { id } = personOf({ user });
      if (session === null) throw new ReeveError('forbidden', 'a token cannot make another one of a person’s: sign in to do it');
      endOf('expiresAt', body.expiresAt);
      const sites = await siteIdsOf(body.sites, seenSite);
      const { row, text } = await createToken(db, { ...body, sites, user: id, actor });
      return { body: { ...tokenResource(row), token: text } };
    },
  }),
  route({
    method: 'DELETE', path: '/me/tokens/{token}', action: 'me:update', on: 'self', tag, summary: 'End one of them', status: 204,
    params: z.strictObject({ token: z.string().max(64) }),
    async handle({ db, params: { token }, actor, user }) {
      await revokeToken(db, token, actor, personOf({ user }).id);
      return {};
    },
  }),
];
