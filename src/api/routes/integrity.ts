import { z } from 'zod';
import { lastCheck, listDrift, recordCheck } from '../../database/drift.ts';
import { readContainer } from '../../database/read/containers.ts';
import { decodeCursor, pageFrom } from '../../database/read/page.ts';
import { requestRegenerateContainer } from '../../database/requests/regenerate-container.ts';
import { pageQuery } from '../../domain/resources/common.ts';
import { containerSchema } from '../../domain/resources/container.ts';
import { containerDriftSchema, driftOrder, type IntegrityReport, integrityReportSchema, regenerateContainerSchema } from '../../domain/resources/drift.ts';
import type { Report } from '../../integrity/check.ts';
import { route } from '../route.ts';

const tag = 'Containers';
const params = z.strictObject({ container: z.string().max(64) });
/** The first look renders every site, here, and reads every file, there; less than clients wait for an answer. */
export const CHECK_MS = 14_000;

const shown = ({ listedAt: _, ...report }: Report): IntegrityReport => report;

export const integrityRoutes = [
  route({
    method: 'GET', path: '/containers/{container}/drift', action: 'container:read', tag, status: 200,
    summary: 'Files and processes that are not as they should be: now, and before',
    description: 'The container is asked as it is now, and compared with what Postgres says; one that does not answer is unknown. Secrets are masked in every diff.',
    params, query: z.strictObject({ ...pageQuery, sort: driftOrder.default('-at') }), answer: containerDriftSchema, longestMs: CHECK_MS,
    async handle({ deps, db, params: { container }, query: { limit, cursor, sort } }) {
      await readContainer(db, container);
      const [after] = decodeCursor<[number]>(cursor, 'number') ?? [];
      const [found, last, items] = await Promise.all([
        deps.integrity.check(container, null), lastCheck(db, container), listDrift(db, container, { limit, after, sort }),
      ]);
      return { body: { now: shown(found), last, ...pageFrom(items, limit, (each) => [each.id]) } };
    },
  }),
  route({
    method: 'POST', path: '/containers/{container}/check', action: 'container:check', tag, status: 200,
    summary: 'Compare it with what Postgres says, now, and record what differs', params, answer: integrityReportSchema, longestMs: CHECK_MS, neverKept: true,
    async handle({ deps, db, params: { container } }) {
      await readContainer(db, container);
      const report = await deps.integrity.check(container, null);
      await recordCheck(db, report);
      return { body: shown(report) };
    },
  }),
  route({
    method: 'POST', path: '/containers/{container}/regenerate', action: 'container:regenerate', tag, status: 202,
    summary: 'Make its files anew from the newest state, and prove them', params,
    body: regenerateContainerSchema, bodyOptional: true, answer: containerSchema,
    async handle({ db, params: { container }, body, asking }) {
      const { run } = await requestRegenerateContainer(asking({ reason: body?.reason }), { container, incarnation: body?.incarnation });
      return { body: await readContainer(db, container), run };
    },
  }),
];
