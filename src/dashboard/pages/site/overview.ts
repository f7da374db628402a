import { isReeveError } from '../../../domain/errors.ts';
import type { Page as List } from '../../../domain/resources/common.ts';
import type { HostnameResource } from '../../../domain/resources/hostname.ts';
import type { Incident } from '../../../domain/resources/remediation.ts';
import type { Run } from '../../../domain/resources/run.ts';
import type { Site } from '../../../domain/resources/site.ts';
import { page, type View } from '../../page.ts';
import { part } from '../../parts.ts';
import { sentence } from '../../refused.ts';
import type { Routes } from '../../routes.ts';
import { sentenceOf, subjectOf, withSubjects } from '../../subjects.ts';
import { readMatrix } from './read-matrix.ts';
import { siteAt } from './read.ts';

const RANGES = ['1h', '6h', '24h', '7d'] as const;
/** More proofs than these are counted, not shown. */
const MOST_PROOFS = 5;

export const siteOverview = page({
  path: '/sites/{site}',
  async handle(view) {
    const { routes, query } = view;
    const { site, base, tabs, allowed } = await siteAt(view);
    const [matrix, proofs, runs, incidents] = await Promise.all([
      part(readMatrix(view, site, base)),
      proofsOf(view, site),
      part(latestRuns(view, site.id)),
      part(routes.get<List<Incident>>('/incidents', { query: { site: site.id, state: 'open', limit: 5 } })),
    ]);
    const range = RANGES.find((each) => each === query.range) ?? '1h';
    const shown = site.hostnames.find(({ hostname }) => hostname === query.hostname)?.hostname ?? site.hostnames[0]?.hostname ?? null;
    const waiting = site.hostnames.filter(({ status }) => status === 'reserved').length;
    return {
      template: 'site', title: site.name,
      data: {
        site, base, tabs, chart: true, busy: site.run, every: site.run ? 1_000 : null, matrix,
        troubles: site.conditions.filter(({ status }) => status !== 'true').map((each) => ({ ...each, message: sentence(each.message) })),
        proofs, moreProofs: Math.max(0, waiting - MOST_PROOFS),
        runs, moreIncidents: incidents.ok && incidents.value.next !== null,
        incidents: incidents.ok ? { ok: true, value: incidents.value.items.map((each) => ({ ...each, title: sentenceOf(each.title, new Map([[site.id, site.name]])), about: subjectOf(each.subject, new Map([[site.id, site.name]])) })) } : incidents,
        shown, charted: chartedOf(site, shown, matrix.ok ? matrix.value.rows : []),
        range, ranges: RANGES.map((each) => ({ range: each, current: each === range })),
        mayBind: allowed('hostname:bind'),
      },
    };
  },
});

/** What the chart can be of: this page's hostnames, the primary one, and the one that it shows. */
function chartedOf({ hostnames }: Site, shown: string | null, rows: readonly Pick<HostnameResource, 'hostname'>[]): string[] {
  const names = [hostnames[0]?.hostname, shown, ...rows.map(({ hostname }) => hostname)].filter((name) => typeof name === 'string');
  return [...new Set(names)];
}

/** What reserved hostnames wait for, each by itself: that one cannot be read hides no other. */
async function proofsOf({ routes }: View, { hostnames }: Site) {
  const names = hostnames.filter(({ status }) => status === 'reserved').slice(0, MOST_PROOFS);
  return await Promise.all(names.map(async ({ hostname }) => ({ hostname, ...(await part(proofOf(routes, hostname))) })));
}

/** Null when it waits for none, or was unbound meanwhile. @throws ReeveError as the route does otherwise */
async function proofOf(routes: Routes, hostname: string): Promise<HostnameResource['proof']> {
  try {
    return (await routes.get<HostnameResource>('/hostnames/{hostname}', { params: { hostname } })).proof;
  } catch (error) {
    if (isReeveError(error, 'not-found')) return null;
    throw error;
  }
}

async function latestRuns({ routes }: View, site: string) {
  const { items } = await routes.get<List<Run>>('/runs', { query: { site, limit: 6 } });
  return await withSubjects(routes, items);
}
