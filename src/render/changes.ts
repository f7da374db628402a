import { hash } from 'node:crypto';
import type { DatabaseServerDesired, Desired, HostnameDesired, ReleaseDesired, SiteDesired } from '../domain/desired.ts';
import type { ReleaseId, SiteId } from '../domain/id.ts';
import { differing } from '../domain/rows.ts';
import { canonicalJson, digestOf } from './digest.ts';
import { createSetDigest } from './set-digest.ts';

/** What differs from the rows seen before: by contents, not by who made the objects. */
export interface Changes<K extends string, R> {
  /** New or different ones. */
  readonly changed: readonly K[];
  /** Gone ones, as they were. */
  readonly removed: readonly (readonly [K, R])[];
  /** What each of `changed` was before; new ones are not in it. */
  readonly before: ReadonlyMap<K, R>;
}

const NONE = { changed: [], removed: [], before: new Map<never, never>() };

interface Known<R> {
  readonly row: R;
  readonly digest: string;
}

/**
 * Follows one kind of rows. Rows that are still the same objects are taken as unchanged, and so is a whole map, as
 * readonly types promise: a pass over 10,000 of them takes a millisecond. Others are compared by their contents' digest.
 */
export function createTracker<K extends string, R extends object>() {
  const known = new Map<K, Known<R>>();
  const set = createSetDigest();
  let last: ReadonlyMap<K, R> = new Map();

  return {
    update(rows: ReadonlyMap<K, R>): Changes<K, R> {
      if (rows === last) return NONE;
      const others = differing(last, rows);
      last = rows;
      const changed: K[] = [];
      const removed: [K, R][] = [];
      const before = new Map<K, R>();
      for (const key of others) {
        const [row, old] = [rows.get(key), known.get(key)];
        if (row === undefined) {
          if (!old) continue;
          known.delete(key);
          set.remove(old.digest);
          removed.push([key, old.row]);
          continue;
        }
        if (old?.row === row) continue;
        const digest = hash('sha256', `${key.length}:${key}${canonicalJson(row)}`, 'hex');
        known.set(key, { row, digest });
        if (old?.digest === digest) continue;
        if (old) {
          set.remove(old.digest);
          before.set(key, old.row);
        }
        set.add(digest);
        changed.push(key);
      }
      return { changed, removed, before };
    },
    /** Of all rows seen last. */
    digest: () => set.text(),
    /** Take a row as seen before, with the digest it had then. */
    recall(key: K, row: R, digest: string) {
      known.set(key, { row, digest });
      set.add(digest);
    },
    /** Of one row that was seen, hexadecimal. */
    digestOf: (key: K): string | null => known.get(key)?.digest ?? null,
  };
}

/** Follows the whole desired state; `digest` is that of the canonical snapshot. */
export function createDesiredTracker() {
  const sites = createTracker<SiteId, SiteDesired>();
  const hostnames = createTracker<string, HostnameDesired>();
  const releases = createTracker<ReleaseId, ReleaseDesired>();
  const databaseServers = createTracker<string, DatabaseServerDesired>();
  let settings = '';

  function track(desired: Desired) {
    const text = canonicalJson(desired.settings);
    const changes = {
      settings: text !== settings,
      sites: sites.update(desired.sites),
      hostnames: hostnames.update(desired.hostnames),
      releases: releases.update(desired.releases),
      databaseServers: databaseServers.update(desired.databaseServers),
    };
    settings = text;
    // Without the generation: the same contents at another one have the same digest.
    const digest = digestOf([settings, sites.digest(), hostnames.digest(), releases.digest(), databaseServers.digest()]);
    return { changes, digest };
  }

  return Object.assign(track, {
    sites, hostnames,
    /** Take what all sites depend on as seen before. */
    recallShared(desired: Desired) {
      settings = canonicalJson(desired.settings);
      releases.update(desired.releases);
      databaseServers.update(desired.databaseServers);
    },
  });
}

/** The digest of a desired state, as containers record it; remembers rows, so a repeated call costs what changed. */
export function createDesiredDigest(): (desired: Desired) => string {
  const track = createDesiredTracker();
  return (desired) => track(desired).digest;
}
