import type { Approval, Event } from '../../domain/resources/record.ts';
import type { Page as List } from '../../domain/resources/common.ts';
import type { Container } from '../../domain/resources/container.ts';
import type { Timeline } from '../../domain/resources/health.ts';
import type { Platform, Traffic } from '../../domain/resources/platform.ts';
import type { Release } from '../../domain/resources/release.ts';
import type { Incident } from '../../domain/resources/remediation.ts';
import type { Run } from '../../domain/resources/run.ts';
import type { Site } from '../../domain/resources/site.ts';
import { siteOfSubject } from '../../domain/subject.ts';
import { page, type View } from '../page.ts';
import { part } from '../parts.ts';
import type { Routes } from '../routes.ts';
import { sentenceOf, siteNames, subjectOf, withSubjects } from '../subjects.ts';
import { rowOf } from './containers/row.ts';
import { hostnamesOf, sitesOf, verdictOf } from '../verdict.ts';

const FEW = 6;
const MINUTES = 60;

/** All of the platform for who may see all of it; their own sites for the others. */
const overview = page({
  path: '/',
  handle: async (view) => (view.may('platform:read') ? await ofPlatform(view) : await ofSites(view)),
});

async function ofPlatform(view: View) {
  const { routes, may } = view;
  const platform = await routes.get<Platform>('/platform');
  if (sitesOf(platform) === 0 && (platform.sites.deleted ?? 0) === 0) return await firstRun(view, platform);
  const [incidents, approvals, containers, runs, events, timeline, traffic] = await Promise.all([
    part(openIncidents(routes)),
    part(waiting(routes)),
    part(routes.get<List<Container>>('/containers', { query: { sort: '-behind', limit: FEW } })),
    part(latestRuns(routes)),
    part(latestEvents(routes, platform.generation)),
    part(routes.get<Timeline>('/health/timeline', { query: { minutes: MINUTES } })),
    part(routes.get<Traffic>('/platform/traffic', { query: { minutes: MINUTES } })),
  ]);
  return {
    template: 'overview', title: 'Overview',
    data: {
      platform, incidents, approvals, runs, events,
      verdict: verdictOf(platform, incidents.ok ? incidents.value.items : []),
      sites: sitesOf(platform), hostnames: hostnamesOf(platform),
      containers: containers.ok ? { ok: true, value: containers.value.items.map((each) => rowOf(each, platform)), more: containers.value.next !== null } : containers,
      allContainers: Object.values(platform.containers).reduce((all, count) => all + count, 0),
      traffic: traffic.ok ? trafficLine(traffic.value) : null,
      timeline: timeline.ok ? { ok: true, value: lineOf(timeline.value) } : timeline,
      mayCreate: may('site:create'), mayPause: may('platform:pause'),
    },
  };
}

async function ofSites({ routes }: View) {
  const [sites, incidents, runs] = await Promise.all([
    routes.get<List<Site>>('/sites', { query: { limit: 50 } }), part(openIncidents(routes)), part(latestRuns(routes)),
  ]);
  return { template: 'overview-sites', title: 'Overview', data: { sites: sites.items, more: sites.next !== null, incidents, runs } };
}

async function firstRun({ routes, may }: View, platform: Platform) {
  const [ready, preparing] = await Promise.all((['ready', 'preparing'] as const).map((phase) =>
    part(routes.get<List<Release>>('/releases', { query: { phase, limit: 1 } }))));
  const release = ready!.ok ? ready!.value.items[0] ?? null : null;
  return {
    template: 'first-run', title: 'Welcome',
    data: {
      platform, release, preparing: preparing!.ok ? preparing!.value.items[0] ?? null : null,
      containers: platform.containers.ready ?? 0, mayCreate: may('site:create'), mayPrepare: may('release:create'),
    },
  };
}

async function openIncidents(routes: Routes) {
  const { items, next } = await routes.get<List<Incident>>('/incidents', { query: { state: 'open', limit: FEW } });
  const names = await siteNames(routes, items.map(({ site }) => site));
  return { items: items.map((incident) => ({ ...incident, title: sentenceOf(incident.title, names), about: subjectOf(incident.subject, names) })), more: next !== null };
}

async function waiting(routes: Routes) {
  const { items, next } = await routes.get<List<Approval>>('/approvals', { query: { state: 'pending', limit: FEW } });
  const names = await siteNames(routes, items.map(({ subject }) => siteOfSubject(subject)));
  return { items: items.map((approval) => ({ ...approval, about: subjectOf(approval.subject, names) })), more: next !== null };
}

async function latestRuns(routes: Routes) {
  const { items } = await routes.get<List<Run>>('/runs', { query: { limit: FEW } });
  return await withSubjects(routes, items);
}

/** A generation is an event's id, so that the newest are those after the newest but a few. */
async function latestEvents(routes: Routes, generation: number) {
  const { items } = await routes.get<List<Event>>('/events', { query: { after: Math.max(0, generation - FEW), limit: FEW } });
  const subjects = items.map(({ metadata }) => (typeof metadata.hostname === 'string' ? `hostname:${metadata.hostname}`
    : typeof metadata.site === 'string' ? `site:${metadata.site}` : null));
  const names = await siteNames(routes, items.map(({ metadata }) => (typeof metadata.site === 'string' ? metadata.site : null)));
  return items.map((event, at) => ({ ...event, about: subjects[at] ? subjectOf(subjects[at]!, names) : null })).reverse();
}

function lineOf({ points, from, step }: Timeline) {
  const at = new Map(points.map((point) => [Date.parse(point.at), point]));
  const buckets = Array.from({ length: Math.round((MINUTES * 60) / step) }, (_, i) => at.get(Date.parse(from) + i * step * 1_000));
  const worst = Math.max(0, ...points.map(({ down }) => down));
  return { down: buckets.map((point) => point?.down ?? null), slow: buckets.map((point) => point?.slow ?? null), worst, known: points.length > 0 };
}

/** One value a minute, the newest whole one last; null where none was measured. */
function trafficLine({ points }: Traffic) {
  if (points.length === 0) return null;
  const at = new Map(points.map((point) => [Date.parse(point.at), point.requests]));
  const newest = Math.floor(Date.now() / 60_000) - 1;
  return Array.from({ length: MINUTES }, (_, i) => at.get((newest - (MINUTES - 1 - i)) * 60_000) ?? null);
}

export const overviewPages = [overview];
