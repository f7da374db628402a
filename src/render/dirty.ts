import type { Desired, HostnameDesired } from '../domain/desired.ts';
import type { SiteId } from '../domain/id.ts';
import type { createDesiredTracker } from './changes.ts';

type DesiredChanges = ReturnType<ReturnType<typeof createDesiredTracker>>['changes'];

/**
 * The sites whose files may differ after a change, and `hostnamesOf` brought up to date on the way. A site depends on
 * its own row, its hostnames, its releases, its database server and the platform's settings, and on nothing else.
 */
export function dirtySites(
  desired: Desired,
  changes: DesiredChanges,
  hostnamesOf: Map<SiteId, readonly HostnameDesired[]>,
): Set<SiteId> {
  const dirty = new Set<SiteId>([...changes.sites.changed, ...changes.sites.removed.map(([id]) => id)]);
  const without = (row: HostnameDesired) => (hostnamesOf.get(row.site) ?? []).filter(({ hostname }) => hostname !== row.hostname);
  const leave = (row: HostnameDesired) => {
    dirty.add(row.site);
    hostnamesOf.set(row.site, without(row));
  };
  for (const [, row] of changes.hostnames.removed) leave(row);
  for (const row of changes.hostnames.before.values()) leave(row);
  for (const name of changes.hostnames.changed) {
    const row = desired.hostnames.get(name)!;
    dirty.add(row.site);
    hostnamesOf.set(row.site, [...without(row), row]);
  }
  const releases = touched(changes.releases);
  const servers = touched(changes.databaseServers);
  if (changes.settings || releases.size > 0 || servers.size > 0) {
    for (const site of desired.sites.values()) {
      if (changes.settings || releases.has(site.release ?? '') || servers.has(site.databaseServer)) dirty.add(site.id);
    }
  }
  return dirty;
}

function touched(changes: { readonly changed: readonly string[]; readonly removed: readonly (readonly [string, unknown])[] }): Set<string> {
  return new Set([...changes.changed, ...changes.removed.map(([id]) => id)]);
}
