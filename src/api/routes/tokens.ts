import { z } from 'zod';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { siteIdOf } from '../../database/read/sites.ts';
import { roleActions } from '../../database/roles.ts';
import { createToken, listTokens, revokeToken, type TokenRow } from '../../database/tokens.ts';
import { grantsOfToken } from '../../database/grants.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { createdTokenSchema, createTokenSchema, type Token, tokenOrder, tokenSchema } from '../../domain/resources/people.ts';
import { endOf } from '../end-of.ts';
import { requireCovers, requireMayGive } from '../may-give.ts';
import { route } from '../route.ts';

const tag = 'People';

export const tokenResource = (row: TokenRow): Token => ({
  ...row, createdAt: row.createdAt.toISOString(), expiresAt: row.expiresAt?.toISOString() ?? null, lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
});

/** Ids of the sites that a token is for, each once. @throws ReeveError `not-found` */
export async function siteIdsOf(sites: readonly string[] | undefined, idOf: (site: string) => Promise<string>): Promise<string[] | undefined> {
  if (!sites) return undefined;
  const ids = new Set<string>();
  // One after the other: inside a transaction there is one connection.
  for (const site of sites) ids.add(await idOf(site));
  return [...ids].sort();
}

export const tokenRoutes = [
  route({
    method: 'GET', path: '/tokens', action: 'token:read', tag, summary: 'List the live tokens, the platform’s and people’s, newest first unless asked otherwise', status: 200,
    query: z.strictObject({ ...pageQuery, sort: tokenOrder.default('-created') }), answer: pageOf(tokenSchema, 'Token'),
    async handle({ db, query: { limit, cursor, sort } }) {
      const rows = await listTokens(db, { limit, after: lastOf(cursor), sort });
      return { body: orderedPage(rows, limit, ({ token }) => tokenResource(token), ({ id }) => id) };
    },
  }),
  route({
    method: 'POST', path: '/tokens', action: 'token:create', tag, summary: 'Make a token of the platform’s own; it is shown this once', status: 201,
    description: 'It stays when whoever made it leaves; a person’s own are made by `POST /me/tokens`.',
    body: createTokenSchema, answer: createdTokenSchema, shownOnce: true,
    async handle({ db, body, actor, grantee }) {
      endOf('expiresAt', body.expiresAt);
      const sites = await siteIdsOf(body.sites, (site) => siteIdOf(db, site));
      const actions = body.actions ?? await roleActions(db, body.role);
      for (const site of sites ?? [undefined]) requireMayGive(grantee, { what: body.role, actions, site, endsAt: body.expiresAt });
      const { row, text } = await createToken(db, { ...body, sites, actor });
      return { body: { ...tokenResource(row), token: text } };
    },
  }),
  route({
    method: 'DELETE', path: '/tokens/{token}', action: 'token:revoke', tag, summary: 'End a token', status: 204,
    params: z.strictObject({ token: z.string().max(64) }),
    async handle({ db, params: { token }, grantee, actor }) {
      requireCovers(grantee, await grantsOfToken(db, token), 'that token');
      await revokeToken(db, token, actor);
      return {};
    },
  }),
];
