import { z } from 'zod';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { listSites, readSite } from '../../database/read/sites.ts';
import { requestCreateSite } from '../../database/requests/create-site.ts';
import { updateSite } from '../../database/requests/update-site.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { createSiteSchema, siteOrder, siteSchema, siteState, updateSiteSchema } from '../../domain/resources/site.ts';
import { route } from '../route.ts';

const tag = 'Sites';

/** A site is named in an address by its id or, as people do, by its name. */
export const siteParams = z.strictObject({ site: z.string().min(1).max(64).meta({ description: 'Its id or name' }) });

export const siteRoutes = [
  route({
    method: 'GET', path: '/sites', action: 'site:read', on: 'any', tag, summary: 'List the sites', status: 200,
    query: z.strictObject({
      ...pageQuery,
      phase: z.enum(['creating', 'live', 'suspended', 'deleted']).optional(),
      name: z.string().max(64).optional(),
      state: siteState.optional(),
      search: z.string().trim().max(253).optional().meta({ description: 'In its name, its id or one of its hostnames' }),
      ids: z.string().max(4_000).transform((text) => text.split(',')).optional().meta({ description: 'These alone, separated by commas' }),
      sort: siteOrder.default('name'),
    }),
    answer: pageOf(siteSchema, 'Site'),
    async handle({ db, sites, query: { limit, cursor, ...filter } }) {
      const rows = await listSites(db, { ...filter, sites, limit, after: lastOf(cursor) });
      return { body: orderedPage(rows, limit, ({ site }) => site, ({ id }) => id) };
    },
  }),
  route({
    method: 'POST', path: '/sites', action: 'site:create', tag, summary: 'Create a site', status: 202,
    description: 'Its platform hostname comes with it; each further one (`hostnames`) is bound by a run of its own afterwards, and needs hostname:bind too. Variables (`env`) also need env:write.',
    body: createSiteSchema, answer: siteSchema,
    async handle({ db, deps, body, asking, permit }) {
      if (body.hostnames.length > 0) permit('hostname:bind', {});
      if (body.env !== undefined) permit('env:write', {});
      const { site, run } = await requestCreateSite(asking(), deps.sitesKey, body);
      const created = await readSite(db, site);
      return { body: created, etag: created.rev, run };
    },
  }),
  route({
    method: 'GET', path: '/sites/{site}', action: 'site:read', on: 'site', tag, summary: 'One site', status: 200,
    params: siteParams, answer: siteSchema,
    async handle({ db, params }) {
      const site = await readSite(db, params.site);
      return { body: site, etag: site.rev };
    },
  }),
  route({
    method: 'PATCH', path: '/sites/{site}', action: 'site:update', on: 'site', tag, summary: 'Change its settings or owner', status: 200,
    params: siteParams, body: updateSiteSchema, answer: siteSchema, ifMatch: true,
    async handle({ db, params, body, asking }) {
      await updateSite(asking(), params.site, body);
      const site = await readSite(db, params.site);
      return { body: site, etag: site.rev };
    },
  }),
];
