/** Whether what was read may replace what is known: laws 3 and 4. Pure. */
import type { Desired } from '../../domain/desired.ts';
import { compareGenerations } from '../../domain/generation.ts';
import { differing } from '../../domain/rows.ts';

export interface Incoming {
  readonly desired: Desired;
  readonly tombstones: { readonly sites: ReadonlySet<string>; readonly hostnames: ReadonlySet<string> };
}

export type Acceptance =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly why: 'older' | 'other contents' | 'no tombstone'; readonly message: string };

/**
 * @param current what this container has accepted before; null accepts anything
 *
 * A removal counts only with its tombstone: a read that lost rows, however it came about, removes nothing.
 */
export function accept(current: Desired | null, incoming: Incoming): Acceptance {
  if (!current) return { accepted: true };
  const { desired, tombstones } = incoming;
  const order = compareGenerations(desired, current);
  const name = ({ epoch, generation }: Desired) => `${epoch}/${generation}`;
  if (order < 0) {
    return refused('older', `the database says generation ${name(desired)}, and ${name(current)} was accepted before`);
  }
  if (order === 0) {
    const differing = firstDifference(current, desired);
    return differing === null
      ? { accepted: true }
      : refused('other contents', `generation ${name(desired)} has other contents than the one accepted: ${differing}`);
  }
  const lost = [
    ...missing(current.sites, desired.sites, tombstones.sites, 'site'),
    ...missing(current.hostnames, desired.hostnames, tombstones.hostnames, 'hostname'),
  ];
  if (lost.length === 0) return { accepted: true };
  return refused('no tombstone', `${lost.length} rows are gone without a tombstone, the first is ${lost[0]}`);
}

/** Tombstones are kept for 30 days; a day is left for clocks that differ. */
const TOMBSTONES_MS = 29 * 24 * 60 * 60_000;

/**
 * Whether rows may be gone without tombstones because those are gone too: the state is older than they are kept. Then
 * nothing can be concluded from it, and the container starts anew from the platform's whole state.
 */
export function isBeyondTombstones(savedAt: number | null, now: number): boolean {
  return savedAt !== null && now - savedAt > TOMBSTONES_MS;
}

function refused(why: 'older' | 'other contents' | 'no tombstone', message: string): Acceptance {
  return { accepted: false, why, message };
}

function missing(
  before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>, tombstones: ReadonlySet<string>, what: string,
): string[] {
  return differing(before, after).filter((key) => !after.has(key) && !tombstones.has(key)).map((key) => `${what} ${key}`);
}

/** The first row in which two states differ, in words; null when they are the same. */
function firstDifference(a: Desired, b: Desired): string | null {
  for (const what of ['sites', 'hostnames', 'releases', 'databaseServers'] as const) {
    const before: ReadonlyMap<string, unknown> = a[what];
    const after: ReadonlyMap<string, unknown> = b[what];
    if (before === after) continue;
    if (before.size !== after.size) return `${after.size} ${what}, not ${before.size}`;
    for (const [key, row] of before) {
      const other = after.get(key);
      if (!isSame(other, row)) return `${what} ${key}`;
    }
  }
  return isSame(a.settings, b.settings) ? null : 'settings';
}

/**
 * Whether two JSON values are the same, whatever the order of their keys: Postgres orders jsonb's by itself, a state file
 * keeps them as they were read. Comparing 30,000 rows as texts with sorted keys took half a second.
 */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((part, i) => isSame(part, b[i]));
  }
  return hasAll(a, b) && hasAll(b, a);
}

/** Whether `b` has each member of `a`; one that is undefined is none, as in JSON. */
function hasAll(a: object, b: object): boolean {
  for (const key in a) {
    if (!isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false;
  }
  return true;
}
