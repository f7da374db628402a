import { z } from 'zod';
import { readRawHistory, readRollups } from '../../database/read/health-history.ts';
import { listHealth, pairOf } from '../../database/read/health.ts';
import { readTimeline } from '../../database/read/health-timeline.ts';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { ReeveError } from '../../domain/errors.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { healthHistorySchema, healthOrder, healthSchema, historyStep, type HistoryStep, timelineSchema, verdict } from '../../domain/resources/health.ts';
import { route } from '../route.ts';

const tag = 'Health of sites';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** What is shown unless asked for, and at most: a day of raw sweeps of 20,000 hostnames would take seconds to unpack. */
const RANGES: Readonly<Record<HistoryStep, { readonly usual: number; readonly most: number }>> = {
  raw: { usual: HOUR, most: 6 * HOUR }, '5m': { usual: DAY, most: 7 * DAY }, '1h': { usual: 7 * DAY, most: 366 * DAY },
};

const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

export const healthRoutes = [
  route({
    method: 'GET', path: '/health', action: 'health:read', on: 'any', tag, summary: 'The latest verdict of each hostname in each container: by hostname unless asked otherwise', status: 200,
    query: z.strictObject({
      ...pageQuery,
      site: z.string().max(100).optional().meta({ description: 'Its id or name' }),
      container: z.string().max(64).optional(),
      verdict: verdict.optional(),
      hostnames: z.string().max(60_000).transform((text) => text.split(',')).optional().meta({ description: 'These alone, separated by commas' }),
      sort: healthOrder.default('hostname').meta({ description: 'By `verdict` from well to ill: with `-` before it, those that are down first' }),
    }),
    answer: pageOf(healthSchema, 'Health'),
    async handle({ db, sites, query: { limit, cursor, ...filter } }) {
      const rows = await listHealth(db, { ...filter, sites, limit, after: lastOf(cursor) });
      return { body: orderedPage(rows, limit, ({ health }) => health, pairOf) };
    },
  }),
  route({
    method: 'GET', path: '/health/history', action: 'health:read', on: 'any', tag, summary: 'How a hostname was, in one container or in each', status: 200,
    description: 'Raw sweeps are kept 48 hours, steps of five minutes 30 days, of an hour a year.',
    query: z.strictObject({
      hostname: z.string().min(1).max(253),
      container: z.string().max(64).optional(),
      from: moment.optional(),
      to: moment.optional().meta({ description: 'Now unless given' }),
      step: historyStep.default('raw'),
    }),
    answer: healthHistorySchema,
    async handle({ db, sites, seen, permit, query: { step, ...query } }) {
      // What is bound no more still has a history, for those who may see everything.
      if (sites !== undefined) permit('health:read', { site: (await seen('hostname', query.hostname.toLowerCase()))! });
      const to = query.to ?? new Date();
      const from = query.from ?? new Date(to.getTime() - RANGES[step].usual);
      refuseRange(step, from, to);
      const range = { ...query, hostname: query.hostname.toLowerCase(), from, to };
      const points = step === 'raw' ? await readRawHistory(db, range) : await readRollups(db, step, range);
      return { body: { hostname: range.hostname, step, from: from.toISOString(), to: to.toISOString(), points } };
    },
  }),
  route({
    method: 'GET', path: '/health/timeline', action: 'health:read', tag, summary: 'How many were not well, over the last minutes', status: 200,
    query: z.strictObject({ minutes: z.coerce.number().int().min(10).max(1_440).default(60) }), answer: timelineSchema,
    async handle({ db, query: { minutes } }) {
      const step = Math.max(60, minutes);
      const to = new Date();
      const from = new Date(Math.ceil((to.getTime() - minutes * 60_000) / (step * 1_000)) * step * 1_000);
      return { body: { from: from.toISOString(), to: to.toISOString(), step, points: await readTimeline(db, { from, to, step }) } };
    },
  }),
];

function refuseRange(step: HistoryStep, from: Date, to: Date): void {
  const refused = (path: string, message: string) => new ReeveError('bad-request', `${path} ${message}`, { errors: [{ path, message }] });
  if (from >= to) throw refused('from', 'must be before to');
  const { most } = RANGES[step];
  if (to.getTime() - from.getTime() > most) throw refused('from', `must be at most ${most / HOUR} hours before to at this step`);
}
