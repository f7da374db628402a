import { z } from 'zod';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { listRuns, readRunResource, type TemporalPlace } from '../../database/read/runs.ts';
import { requestCancelRun, requestRetryRun, requireRetryable } from '../../database/requests/runs.ts';
import { requireRun } from '../../database/run.ts';
import { ReeveError } from '../../domain/errors.ts';
import { pageOf, pageQuery, runState } from '../../domain/resources/common.ts';
import { runOrder, runSchema, runType } from '../../domain/resources/run.ts';
import { RUN_ACTION } from '../../domain/run-action.ts';
import { askPurge } from '../ask-approval.ts';
import type { Deps } from '../deps.ts';
import { route } from '../route.ts';

const tag = 'Runs';
const params = z.strictObject({ run: z.string().max(64) });

const temporalOf = ({ config }: Deps): TemporalPlace => ({ ui: config.REEVE_TEMPORAL_UI, namespace: config.TEMPORAL_NAMESPACE });

export const runRoutes = [
  route({
    method: 'GET', path: '/runs', action: 'run:read', on: 'any', tag, summary: 'List the runs, newest first', status: 200,
    query: z.strictObject({
      ...pageQuery,
      state: z.enum([...runState.options, 'open']).optional().meta({ description: '`open` is requested or running' }),
      type: runType.optional(),
      subject: z.string().max(300).optional().meta({ example: 'hostname:www.example.org' }),
      site: z.string().max(64).optional().meta({ description: 'Its id or name' }),
      sort: runOrder.default('-requested'),
    }),
    answer: pageOf(runSchema, 'Run'),
    async handle({ db, deps, sites, seenSite, query: { limit, cursor, site, ...filter } }) {
      const ofSite = site === undefined ? undefined : await seenSite(site);
      const rows = await listRuns(db, { ...filter, site: ofSite, sites, limit, after: lastOf(cursor) }, temporalOf(deps));
      return { body: orderedPage(rows, limit, ({ run }) => run, ({ id }) => id) };
    },
  }),
  route({
    method: 'GET', path: '/runs/{run}', action: 'run:read', on: 'run', tag, summary: 'One run, with its steps', status: 200,
    params, answer: runSchema,
    handle: async ({ db, deps, params: { run } }) => ({ body: await readRunResource(db, run, temporalOf(deps)) }),
  }),
  route({
    method: 'POST', path: '/runs/{run}/cancel', action: 'run:cancel', on: 'run', tag, summary: 'Ask that it ends', status: 202,
    description: 'What was not published yet is undone; what was published stays.',
    params, answer: runSchema,
    async handle({ db, deps, params: { run }, asking }) {
      await requestCancelRun(asking(), run);
      return { body: await readRunResource(db, run, temporalOf(deps)), run };
    },
  }),
  route({
    method: 'POST', path: '/runs/{run}/retry', action: 'run:retry', on: 'run', tag, status: 202,
    summary: 'Request the same again, as a new run', params, answer: runSchema,
    description: 'It takes what the run’s own route takes too, e.g. `site:purge`; and a purge is asked for anew, of a second person where there is one.',
    async handle(call) {
      const { db, deps, params, permit, asking } = call;
      const failed = await requireRun(db, params.run);
      const action = RUN_ACTION[failed.type];
      if (action === undefined) throw new ReeveError('conflict', `${failed.type} is Reeve’s own work: it is asked for again where it is needed`, { run: failed.id });
      permit(action, failed.site === null ? {} : { site: failed.site });
      requireRetryable(failed);
      const { run } = failed.type === 'purgeSite' ? await askPurge(call, failed.site!) : await requestRetryRun(asking(), failed);
      return { body: await readRunResource(db, run, temporalOf(deps)), run };
    },
  }),
];
