import { z } from 'zod';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { listDatabaseServers, listReleases, readRelease } from '../../database/read/releases.ts';
import { requestPrepareRelease } from '../../database/requests/prepare-release.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { databaseServerOrder, databaseServerSchema, prepareReleaseSchema, releaseOrder, releaseSchema } from '../../domain/resources/release.ts';
import { route } from '../route.ts';

const tag = 'Releases';

export const releaseRoutes = [
  route({
    method: 'GET', path: '/releases', action: 'release:read', on: 'any', tag, summary: 'List the releases, newest first unless asked otherwise', status: 200,
    query: z.strictObject({
      ...pageQuery, phase: releaseSchema.shape.phase.optional(), search: z.string().trim().max(300).optional().meta({ description: 'In its id, its codebase’s name or where it is from' }),
      sort: releaseOrder.default('-created'),
    }),
    answer: pageOf(releaseSchema, 'Release'),
    async handle({ db, query: { limit, cursor, ...filter } }) {
      const rows = await listReleases(db, { ...filter, limit, after: lastOf(cursor) });
      return { body: orderedPage(rows, limit, ({ release }) => release, ({ id }) => id) };
    },
  }),
  route({
    method: 'GET', path: '/releases/{release}', action: 'release:read', on: 'any', tag, summary: 'One release', status: 200,
    params: z.strictObject({ release: z.string().max(64) }), answer: releaseSchema,
    async handle({ db, params }) {
      const release = await readRelease(db, params.release);
      return { body: release, etag: release.rev };
    },
  }),
  route({
    method: 'POST', path: '/releases', action: 'release:create', tag, summary: 'Prepare a release of a codebase', status: 202,
    body: prepareReleaseSchema, answer: releaseSchema,
    async handle({ db, deps, body, asking }) {
      const { release, run } = await requestPrepareRelease(asking(), { ...body, server: deps.config.REEVE_SITES_SERVER });
      const prepared = await readRelease(db, release);
      return { body: prepared, etag: prepared.rev, run };
    },
  }),
  route({
    method: 'GET', path: '/database-servers', action: 'database-server:read', tag, summary: 'List the servers of the sites’ databases, by id unless asked otherwise', status: 200,
    query: z.strictObject({ ...pageQuery, sort: databaseServerOrder.default('id') }), answer: pageOf(databaseServerSchema, 'DatabaseServer'),
    async handle({ db, query: { limit, cursor, sort } }) {
      const rows = await listDatabaseServers(db, { limit, after: lastOf(cursor), sort });
      return { body: orderedPage(rows, limit, ({ server }) => server, ({ id }) => id) };
    },
  }),
];
