import { pagesOf } from '../../../api/pages.ts';
import type { Page as List } from '../../../domain/resources/common.ts';
import type { Container } from '../../../domain/resources/container.ts';
import type { HealthHistory } from '../../../domain/resources/health.ts';
import type { Event } from '../../../domain/resources/record.ts';
import type { Run } from '../../../domain/resources/run.ts';
import { page, type View } from '../../page.ts';
import type { Routes } from '../../routes.ts';
import { CONTAINER_RUNS, markersOf } from './markers.ts';
import { siteAt } from './read.ts';

const HOUR = 3_600_000;

const RANGES: Readonly<Record<string, { readonly step: string; readonly ms: number }>> = {
  '1h': { step: 'raw', ms: HOUR }, '6h': { step: 'raw', ms: 6 * HOUR }, '24h': { step: '5m', ms: 24 * HOUR }, '7d': { step: '1h', ms: 7 * 24 * HOUR },
};

/** What the chart draws: one line a container over one axis of times, and what happened to the site meanwhile. */
export const chartData = page({
  path: '/sites/{site}/latency.json',
  async handle(view) {
    const { routes, query, response } = view;
    const { site } = await siteAt(view);
    const { step, ms } = RANGES[query.range ?? '1h'] ?? RANGES['1h']!;
    const to = new Date();
    const from = new Date(to.getTime() - ms + 1_000);
    const [history, markers] = await Promise.all([
      routes.get<HealthHistory>('/health/history', { query: { hostname: query.hostname ?? '', step, from: from.toISOString(), to: to.toISOString() } }),
      readMarkers(view, site.id, from),
    ]);
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify({ from: seconds(from), to: seconds(to), ...linesOf(history), markers }));
    return { answered: true };
  },
});

/** More than these nobody could tell apart on a chart: then the newest. */
const MOST = 400;

/**
 * What one may not see is left out; what cannot be read fails the chart: without it, it would say that nothing happened.
 * @throws ReeveError as the routes do
 */
async function readMarkers({ routes, may }: View, site: string, from: Date) {
  const changes = () => newerThan<Event>(routes, '/events', { site, sort: '-id' }, from, ({ at }) => at);
  const starts = () => newerThan<Container>(routes, '/containers', { ended: true, sort: '-started' }, from, ({ startedAt }) => startedAt);
  const runsOf = (type: string) => newerThan<Run>(routes, '/runs', { type }, from, ({ requestedAt }) => requestedAt);
  const [events, containers, runs] = await Promise.all([
    may('event:read', { site }) ? changes() : [],
    may('container:read') ? starts() : [],
    may('container:read') && may('run:read') ? Promise.all(CONTAINER_RUNS.map(runsOf)) : [],
  ]);
  return markersOf({ events, containers, runs: runs.flat(), from });
}

/** A list that begins with the newest, down to a moment; at most so many. @param at when an item was @throws ReeveError as the route does */
async function newerThan<Item>(routes: Routes, path: string, query: Readonly<Record<string, unknown>>, from: Date, at: (item: Item) => string): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { items: page } of pagesOf((page) => routes.get<List<Item>>(path, { query: { ...query, ...page } }))) {
    const newer = page.filter((item) => Date.parse(at(item)) >= from.getTime());
    items.push(...newer);
    if (newer.length < page.length || items.length >= MOST) break;
  }
  return items.slice(0, MOST);
}

const seconds = (at: Date): number => Math.round(at.getTime() / 1_000);

/** uPlot takes one list of times, and for each line as many values. */
export function linesOf({ points, step }: Pick<HealthHistory, 'points' | 'step'>) {
  const times = [...new Set(points.map(({ at }) => Date.parse(at) / 1_000))].sort((a, b) => a - b);
  const place = new Map(times.map((time, at) => [time, at]));
  const lines = new Map<string, { container: string; latency: (number | null)[]; failed: boolean[] }>();
  for (const point of points) {
    const line = lines.get(point.container)
      ?? { container: point.container, latency: times.map(() => null), failed: times.map(() => false) };
    lines.set(point.container, line);
    const at = place.get(Date.parse(point.at) / 1_000)!;
    line.latency[at] = step === 'raw' ? point.latencyP50 : point.latencyP95;
    line.failed[at] = point.failures > 0;
  }
  return { times, lines: [...lines.values()].sort((a, b) => a.container.localeCompare(b.container)), measure: step === 'raw' ? 'Latency' : 'Latency, 95 %' };
}
