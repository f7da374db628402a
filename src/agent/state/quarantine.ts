/**
 * Sites whose newest version could not be taken, and the last good files of every site whose newest version has not
 * been proved yet. On disk before a switch, so that a restart in the middle still knows what to go back to.
 */
import { readFileSync } from 'node:fs';
import type { Desired } from '../../domain/desired.ts';
import type { SiteId } from '../../domain/id.ts';
import type { Quarantined } from '../../domain/observed.ts';
import { type Kept, NOTHING_KEPT } from '../../render/site.ts';
import { replaceFile } from '../files/atomic.ts';

export interface Held {
  /** The rev that failed; a newer one is tried at once. */
  readonly rev: number;
  /** What failed, by what its files would have been: settings and hostnames make them too, and have no such rev. */
  readonly version: string;
  readonly reason: string;
  readonly attempts: number;
  /** Tried again then, ms: the cause may lie outside its rows (its database was away). */
  readonly retryAt: number;
}

/** Files that serve or served well, and the rev they were made from. No vassal: what runs stays, whatever it is. */
export interface LastGood extends Kept {
  /** Null where nobody has written it down. */
  readonly rev: number | null;
}

export interface QuarantineBook {
  readonly held: ReadonlyMap<SiteId, Held>;
  readonly lastGood: ReadonlyMap<SiteId, LastGood>;
  /** Keep the files in service, before newer ones are tried. */
  keep(site: SiteId, files: LastGood): void;
  hold(site: SiteId, failure: Pick<Held, 'rev' | 'version' | 'reason'>, now: number): void;
  /** The newest version serves, or the site is gone: there is nothing to go back to. */
  settle(site: SiteId): void;
  /** Try it again now. */
  retry(site: SiteId): void;
  retryAll(): void;
  /** Write, if anything changed. */
  save(): void;
}

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 30 * 60_000;

interface Stored {
  readonly held: readonly [SiteId, Held][];
  readonly lastGood: readonly [SiteId, LastGood][];
}

export function quarantineBook(file: string): QuarantineBook {
  const stored = read(file);
  const held = new Map(stored.held);
  const lastGood = new Map(stored.lastGood);
  let dirty = false;
  function retry(site: SiteId): void {
    const one = held.get(site);
    if (one) held.set(site, { ...one, retryAt: 0 });
  }
  return {
    held,
    lastGood,
    keep(site, files) {
      lastGood.set(site, files);
      dirty = true;
    },
    hold(site, failure, now) {
      const before = held.get(site);
      const attempts = before?.version === failure.version ? before.attempts + 1 : 1;
      held.set(site, { ...failure, attempts, retryAt: now + retryAfter(attempts) });
      dirty = true;
    },
    settle(site) {
      const changed = [held.delete(site), lastGood.delete(site)];
      dirty ||= changed.includes(true);
    },
    retry,
    retryAll() {
      for (const site of held.keys()) retry(site);
    },
    save() {
      if (!dirty) return;
      const contents: Stored = { held: [...held], lastGood: [...lastGood] };
      // It holds the files of sites, and so their secrets.
      replaceFile(file, JSON.stringify(contents), { mode: 0o600, durable: true });
      dirty = false;
    },
  };
}

function read(file: string): Stored {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Stored;
  } catch {
    // Without it the newest version of each site is simply tried again.
    return { held: [], lastGood: [] };
  }
}

export function retryAfter(attempts: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1));
}

/** The newest of the revs that a site's files are made from, its hostnames aside: they are never held back. Pure. */
export function wantedRev(desired: Desired, site: SiteId): number {
  const row = desired.sites.get(site);
  if (!row) return 0;
  return Math.max(row.rev, desired.releases.get(row.release ?? '')?.rev ?? 0, desired.databaseServers.get(row.databaseServer)?.rev ?? 0);
}

type Book = Pick<QuarantineBook, 'held' | 'lastGood'>;

/** Whether a site stays on its last good version now. Pure. */
export function isHeldBack(book: Book, desired: Desired, site: SiteId, now: number): boolean {
  const held = book.held.get(site);
  if (held === undefined || held.rev !== wantedRev(desired, site)) return false;
  const waits = held.retryAt - now;
  // Longer than it was to be: the clock was set back since.
  return waits > 0 && waits <= retryAfter(held.attempts);
}

/** For the renderer: what stays in service of each site that is held back. Pure. */
export function keptOf(book: Book, desired: Desired, now: number): Map<SiteId, Kept> {
  const kept = new Map<SiteId, Kept>();
  for (const site of book.held.keys()) {
    if (isHeldBack(book, desired, site, now)) kept.set(site, book.lastGood.get(site) ?? NOTHING_KEPT);
  }
  return kept;
}

/** As Postgres records it. Pure. */
export function quarantinedOf(book: Book, desired: Desired): Quarantined[] {
  const rows: Quarantined[] = [];
  for (const [site, held] of book.held) {
    const rev = wantedRev(desired, site);
    if (rev !== held.rev) continue;
    rows.push({ site, wantedRev: rev, servedRev: book.lastGood.get(site)?.rev ?? null, reason: held.reason });
  }
  return rows;
}
