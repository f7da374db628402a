import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { z } from 'zod';
import { actorsNamed } from '../../database/read/actors.ts';
import { decodeCursor, pageFrom } from '../../database/read/page.ts';
import { type AuditFilter, listAudit } from '../../database/read/records.ts';
import type { Queryable } from '../../database/pool.ts';
import { verifyAudit } from '../../database/runs/audit-chain.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { type AuditEntry, auditEntrySchema, auditOrder, auditVerdictSchema } from '../../domain/resources/record.ts';
import { route } from '../route.ts';

const tag = 'Events';
const moment = z.iso.datetime({ offset: true }).optional();

const filters = {
  subject: z.string().max(300).optional().meta({ example: 'site:s012345678' }),
  action: z.string().max(100).optional().meta({ description: 'One, or all that begin so: `grant.`', example: 'grant.given' }),
  actor: z.string().max(254).optional().meta({ description: 'An id, an e-mail or a name; of a person, also what their tokens did', example: 'ada@example.org' }),
  run: z.string().max(64).optional(),
  site: z.string().max(64).optional().meta({ description: 'Its id or name' }),
  from: moment, to: moment,
};

/** A head as a verdict has it. */
const keptHead = z.string().regex(/^(\d{1,15}:)?[0-9a-f]{64}$/i, 'must be like 1842:<64 hexadecimal digits>, as it was shown')
  .meta({ example: `1842:${'0'.repeat(64)}` })
  .transform((text) => ({ id: text.includes(':') ? Number(text.split(':')[0]) : undefined, hash: text.slice(-64).toLowerCase() }));

/** What it may take to compute the whole chain: a million rows took 32 and 46 s on 2 busy cores. */
export const VERIFY_MS = 120_000;

const AT_ONCE = 1_000;
const COLUMNS = ['id', 'at', 'actorKind', 'actor', 'actorName', 'address', 'action', 'subject', 'reason', 'run', 'generation', 'before', 'after'];

export const auditRoutes = [
  route({
    method: 'GET', path: '/audit', action: 'audit:read', on: 'any', tag, summary: 'Who changed what, newest first unless asked otherwise', status: 200,
    query: z.strictObject({ ...pageQuery, ...filters, sort: auditOrder.default('-at') }), answer: pageOf(auditEntrySchema, 'AuditEntry'),
    async handle({ db, shownSites, query: { limit, cursor, site, actor, ...filter } }) {
      const [after] = decodeCursor<[number]>(cursor, 'number') ?? [];
      const sites = await shownSites(site);
      const actors = actor === undefined ? undefined : await actorsNamed(db, actor);
      return { body: pageFrom(await listAudit(db, { ...filter, actors, sites, limit, after }), limit, (each) => [each.id]) };
    },
  }),
  route({
    method: 'GET', path: '/audit/export', action: 'audit:read', on: 'any', tag, summary: 'The same, whole, as a file', status: 200, stream: true,
    query: z.strictObject({ ...filters, format: z.enum(['csv', 'ndjson']).default('csv') }), produces: 'text/csv', answer: z.string(),
    async handle({ deps, shownSites, query: { format, site, actor, ...filter }, response }) {
      const sites = await shownSites(site);
      const actors = actor === undefined ? undefined : await actorsNamed(deps.pool, actor);
      response.status(200);
      response.setHeader('content-type', format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8');
      response.setHeader('content-disposition', `attachment; filename="reeve-audit.${format}"`);
      response.setHeader('cache-control', 'no-store');
      const entries = Readable.from(all(deps.pool, { ...filter, actors, sites }));
      // A spreadsheet would take what begins with =, +, - or @ for a formula.
      if (format === 'csv') await pipeline(entries, stringify({ header: true, columns: COLUMNS, escape_formulas: true }), response);
      else await pipeline(entries, async function* (each) { for await (const entry of each) yield `${JSON.stringify(entry.entry)}\n`; }, response);
      return {};
    },
  }),
  route({
    method: 'GET', path: '/audit/verify', action: 'audit:read', tag, summary: 'Compute its hash chain again: whether a row was changed or removed', status: 200,
    description: 'Rows of the last second may not be sealed yet. Keep `head` elsewhere, and ask with it later: it also shows that rows were cut off the end. One at a time: another one answers `busy`.',
    query: z.strictObject({ head: keptHead.optional() }), answer: auditVerdictSchema, longestMs: VERIFY_MS,
    handle: async ({ deps, query: { head } }) => ({ body: await verifyAudit(deps.pool, head) }),
  }),
];

/** Every entry, newest first, a thousand at once; each also as a flat row. */
async function* all(db: Queryable, filter: Omit<AuditFilter, 'limit' | 'after'>) {
  for (let after: number | undefined; ;) {
    const entries = await listAudit(db, { ...filter, limit: AT_ONCE, after });
    for (const entry of entries.slice(0, AT_ONCE)) yield { entry, ...flat(entry) };
    if (entries.length <= AT_ONCE) return;
    after = entries[AT_ONCE - 1]!.id;
  }
}

function flat({ actor, before, after, ...entry }: AuditEntry) {
  return {
    ...entry, actorKind: actor.kind, actor: actor.user ?? actor.id, actorName: actor.name, address: actor.address,
    before: before && JSON.stringify(before), after: after && JSON.stringify(after),
  };
}
