import { z } from 'zod';
import type { Queryable } from '../../database/pool.ts';
import { readForUpdate } from '../../database/requests/read-modify-write.ts';
import { setSiteEnv, unsetSiteEnv } from '../../database/requests/set-env.ts';
import { envListSchema, setEnvSchema } from '../../domain/resources/site.ts';
import { type Reply, route } from '../route.ts';
import { siteParams } from './sites.ts';

const tag = 'Sites';
const path = '/sites/{site}/env';

async function names(db: Queryable, site: string): Promise<Reply> {
  const { rev, env } = await readForUpdate(db, site);
  return { body: { items: Object.keys(env).sort().map((name) => ({ name })), next: null, rev }, etag: rev };
}

/** PUT and DELETE name single variables, so that two people who change different ones do not meet: If-Match is their choice. */
export const siteEnvRoutes = [
  route({
    method: 'GET', path, action: 'env:read', on: 'site', tag, summary: 'The names of its own variables', status: 200,
    params: siteParams, answer: envListSchema,
    async handle({ db, params: { site } }) {
      return await names(db, site);
    },
  }),
  route({
    method: 'PUT', path, action: 'env:write', on: 'site', tag, summary: 'Set some variables; the others stay', status: 200,
    params: siteParams, body: setEnvSchema, answer: envListSchema, ifMatch: 'optional',
    async handle({ db, deps, params: { site }, body, asking }) {
      await setSiteEnv(asking(), deps.sitesKey, site, body);
      return await names(db, site);
    },
  }),
  route({
    method: 'DELETE', path, action: 'env:write', on: 'site', tag, summary: 'Remove some variables', status: 200,
    params: siteParams, answer: envListSchema, ifMatch: 'optional',
    query: z.strictObject({
      names: z.string().min(1).max(4000).transform((text) => text.split(',').map((name) => name.trim()).filter(Boolean))
        .refine((list) => list.length > 0, 'name at least one').meta({ description: 'Separated by commas' }),
    }),
    async handle({ db, params: { site }, query, asking }) {
      await unsetSiteEnv(asking(), site, query.names);
      return await names(db, site);
    },
  }),
];
