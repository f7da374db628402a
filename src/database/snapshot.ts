import {
  type DatabaseServerDesired, type Desired, type HostnameDesired, type PlatformSettings, type ReleaseDesired, seenIn, type SiteDesired,
} from '../domain/desired.ts';
import { ReeveError } from '../domain/errors.ts';
import { withChanges } from '../domain/rows.ts';
import { translated } from './errors.ts';
import type { Pool } from './pool.ts';

const WHOLE = 'begin isolation level repeatable read read only';

interface PlatformRow {
  epoch: number;
  generation: number;
  sites: number;
  hostnames: number;
  settings: PlatformSettings;
}

/** What changed since a generation, applied to it; and what was removed, by tombstone. */
export interface Changes {
  readonly desired: Desired;
  /** Every site whose row changed, tombstones included. */
  readonly changedSites: ReadonlySet<string>;
  readonly tombstones: { readonly sites: ReadonlySet<string>; readonly hostnames: ReadonlySet<string> };
}

/**
 * The platform's desired state at one generation, read in one REPEATABLE READ transaction.
 * @param container whose view of it is wanted; none: as it is for all
 * @throws ReeveError `read-failed` when the rows do not add up to the platform's own counts; `unavailable`
 */
export async function readSnapshot(pool: Pool, container?: string): Promise<Desired> {
  return await translated((async () => fromNothing(await readRows(pool, -1, container)).desired)());
}

/**
 * Only what changed since `since`; null when nothing did, which costs one row. An older epoch or generation in the
 * database than `since` has is read whole: the caller decides whether to accept it.
 * @throws ReeveError `read-failed`, `unavailable`
 */
export async function readChanges(pool: Pool, since: Desired, container?: string): Promise<Changes | null> {
  return await translated((async () => {
    const now = one((await pool.query<PlatformRow>(PLATFORM)).rows);
    if (now.epoch === since.epoch && now.generation === since.generation) return null;
    const rows = await readRows(pool, since.generation, container);
    const { epoch, generation } = rows.platform;
    if (epoch !== since.epoch || generation < since.generation) return fromNothing(await readRows(pool, -1, container));
    return applyRows(rows, since);
  })());
}

const PLATFORM = 'select * from desired_v1_platform';

interface Rows {
  readonly platform: PlatformRow;
  readonly sites: readonly (SiteDesired & Deletable)[];
  readonly hostnames: readonly (HostnameDesired & Deletable)[];
  readonly releases: readonly (ReleaseDesired & Deletable)[];
  readonly databaseServers: readonly (DatabaseServerDesired & Deletable)[];
}

interface Deletable {
  readonly deleted: boolean;
}

/** Rows with a rev above `since`, of one snapshot, in one round trip: one at a time the seven statements took seven. */
async function readRows(pool: Pool, since: number, container: string | undefined): Promise<Rows> {
  if (!Number.isSafeInteger(since)) throw new RangeError(`a generation cannot be ${since}`);
  const views = ['site', 'hostname', 'release', 'database_server'].map((view) => `select * from desired_v1_${view} where rev > ${since}`);
  const client = await pool.connect();
  let failed = true;
  let results: { rows: never[] }[];
  try {
    results = await client.query([WHOLE, PLATFORM, ...views, 'commit'].join(';')) as unknown as typeof results;
    failed = false;
  } finally {
    // In the middle of its transaction, or broken, a connection is not given back to the pool.
    client.release(failed);
  }
  const [, platform, sites, hostnames, releases, databaseServers] = results.map(({ rows }) => rows);
  const ofContainer = container === undefined ? sites! : sites!.map((row) => seenIn<Rows['sites'][number]>(row, container));
  return { platform: one(platform!), sites: ofContainer, hostnames: hostnames!, releases: releases!, databaseServers: databaseServers! };
}

function one(rows: readonly PlatformRow[]): PlatformRow {
  if (rows.length !== 1) throw new ReeveError('read-failed', `the platform has ${rows.length} rows, not one`);
  return rows[0]!;
}

function fromNothing(rows: Rows): Changes {
  return applyRows(rows, { ...rows.platform, sites: new Map(), hostnames: new Map(), releases: new Map(), databaseServers: new Map() });
}

function applyRows({ platform, sites: siteRows, hostnames: hostnameRows, releases, databaseServers }: Rows, base: Desired): Changes {
  const desired: Desired = {
    epoch: platform.epoch,
    generation: platform.generation,
    settings: platform.settings,
    sites: applied(base.sites, siteRows, (row) => row.id),
    hostnames: applied(base.hostnames, hostnameRows, (row) => row.hostname),
    releases: applied(base.releases, releases, (row) => row.id),
    databaseServers: applied(base.databaseServers, databaseServers, (row) => row.id),
  };
  if (desired.sites.size !== platform.sites || desired.hostnames.size !== platform.hostnames) {
    throw new ReeveError('read-failed',
      `read ${desired.sites.size} sites and ${desired.hostnames.size} hostnames, ` +
      `where the platform counts ${platform.sites} and ${platform.hostnames}`);
  }
  return {
    desired,
    changedSites: new Set(siteRows.map((row) => row.id)),
    tombstones: {
      sites: new Set(siteRows.filter((row) => row.deleted).map((row) => row.id)),
      hostnames: new Set(hostnameRows.filter((row) => row.deleted).map((row) => row.hostname)),
    },
  };
}

function applied<Row extends { deleted: boolean }>(
  base: ReadonlyMap<string, Row>, rows: readonly Row[], key: (row: Row) => string,
): ReadonlyMap<string, Row> {
  return withChanges(base, new Map(rows.map((row) => [key(row), row.deleted ? undefined : row])));
}
