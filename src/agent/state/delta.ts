/** The difference between two desired states, small enough to append with each change. Pure. */
import type {
  DatabaseServerDesired, Desired, HostnameDesired, PlatformSettings, ReleaseDesired, SiteDesired,
} from '../../domain/desired.ts';
import { differing } from '../../domain/rows.ts';
import type { Touched } from '../../render/remembered.ts';

interface Rows {
  readonly sites: readonly SiteDesired[];
  readonly hostnames: readonly HostnameDesired[];
  readonly releases: readonly ReleaseDesired[];
  readonly databaseServers: readonly DatabaseServerDesired[];
}

/** Everything of one state, as rows. */
export interface Whole extends Rows {
  readonly epoch: number;
  readonly generation: number;
  readonly settings: PlatformSettings;
}

export interface Delta extends Whole {
  readonly removed: Readonly<Record<keyof Rows, readonly string[]>>;
}

const KEYS = {
  sites: (row: SiteDesired) => row.id,
  hostnames: (row: HostnameDesired) => row.hostname,
  releases: (row: ReleaseDesired) => row.id,
  databaseServers: (row: DatabaseServerDesired) => row.id,
};

export function toWhole(desired: Desired): Whole {
  return {
    epoch: desired.epoch, generation: desired.generation, settings: desired.settings,
    sites: [...desired.sites.values()], hostnames: [...desired.hostnames.values()],
    releases: [...desired.releases.values()], databaseServers: [...desired.databaseServers.values()],
  };
}

export function fromWhole(whole: Whole): Desired {
  const map = <Row>(rows: readonly Row[], key: (row: Row) => string) => new Map(rows.map((row) => [key(row), row]));
  return {
    epoch: whole.epoch, generation: whole.generation, settings: whole.settings,
    sites: map(whole.sites, KEYS.sites), hostnames: map(whole.hostnames, KEYS.hostnames),
    releases: map(whole.releases, KEYS.releases), databaseServers: map(whole.databaseServers, KEYS.databaseServers),
  };
}

/** Rows are compared by identity: a read of changes keeps the rows that did not change. */
export function difference(before: Desired, after: Desired): Delta {
  const changed = <Row>(a: ReadonlyMap<string, Row>, b: ReadonlyMap<string, Row>): Row[] =>
    differing(a, b).flatMap((key) => b.get(key) ?? []);
  const removed = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): string[] =>
    differing(a, b).filter((key) => !b.has(key));
  return {
    epoch: after.epoch, generation: after.generation, settings: after.settings,
    sites: changed(before.sites, after.sites), hostnames: changed(before.hostnames, after.hostnames),
    releases: changed(before.releases, after.releases),
    databaseServers: changed(before.databaseServers, after.databaseServers),
    removed: {
      sites: removed(before.sites, after.sites), hostnames: removed(before.hostnames, after.hostnames),
      releases: removed(before.releases, after.releases),
      databaseServers: removed(before.databaseServers, after.databaseServers),
    },
  };
}

/** Apply many in order to one copy: at the start there may be thousands. */
export function applyDeltas(base: Desired, deltas: readonly Delta[]): Desired {
  if (deltas.length === 0) return base;
  const sites = new Map(base.sites);
  const hostnames = new Map(base.hostnames);
  const releases = new Map(base.releases);
  const databaseServers = new Map(base.databaseServers);
  for (const delta of deltas) {
    for (const row of delta.sites) sites.set(row.id, row);
    for (const row of delta.hostnames) hostnames.set(row.hostname, row);
    for (const row of delta.releases) releases.set(row.id, row);
    for (const row of delta.databaseServers) databaseServers.set(row.id, row);
    for (const id of delta.removed.sites) sites.delete(id);
    for (const name of delta.removed.hostnames) hostnames.delete(name);
    for (const id of delta.removed.releases) releases.delete(id);
    for (const id of delta.removed.databaseServers) databaseServers.delete(id);
  }
  const { epoch, generation, settings } = deltas.at(-1)!;
  return { epoch, generation, settings, sites, hostnames, releases, databaseServers };
}

/** The sites and hostnames that any of them changed or removed. */
export function touchedBy(deltas: readonly Delta[]): Touched {
  const sites = new Set<string>();
  const hostnames = new Set<string>();
  for (const { sites: rows, hostnames: names, removed } of deltas) {
    for (const { id } of rows) sites.add(id);
    for (const { hostname } of names) hostnames.add(hostname);
    for (const id of removed.sites) sites.add(id);
    for (const name of removed.hostnames) hostnames.add(name);
  }
  return { sites, hostnames };
}
