import type { Desired } from '../../domain/desired.ts';
import type { SiteId } from '../../domain/id.ts';
import { type Layout, places } from '../../domain/layout.ts';
import { healthCheckOf } from '../../domain/probe.ts';
import type { Question } from './answers.ts';

/** What a new vassal is asked before visitors are sent to it: its health path, under one of its names. */
export function questionFor(layout: Layout, desired: Desired, site: SiteId, digest: string): Question {
  const health = healthCheckOf(desired, site);
  return {
    socket: places.vassalSocket(layout, site, digest),
    host: hostnameOf(desired, site) ?? `${site}.reeve.internal`,
    path: health.path,
    statuses: health.statuses,
  };
}

/** The primary hostname, else any bound one that is served as it is. */
function hostnameOf(desired: Desired, site: SiteId): string | null {
  let found: string | null = null;
  for (const row of desired.hostnames.values()) {
    if (row.site !== site || row.phase !== 'bound' || row.role === 'redirect') continue;
    if (row.role === 'primary') return row.hostname;
    found ??= row.hostname;
  }
  return found;
}
