import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, isRunning, type ProcessIdentity } from '../process/identity.ts';
import { linked } from '../process/linked.ts';

export interface LockHolder extends ProcessIdentity {
  /** ISO 8601. */
  readonly since: string;
}

export type LockAttempt =
  | { readonly held: true; release(): void }
  | { readonly held: false; readonly by: LockHolder };

/**
 * Takes a lock between processes: a file that names who holds it. It appears whole, by link(2), so nobody reads half
 * of one; one whose process is gone, or whose number another process has by now, is stale and taken over.
 */
export function tryLock(file: string): LockAttempt {
  const own = identify(process.pid);
  if (!own) throw new Error('this process cannot be found in the process table');
  const mine: LockHolder = { ...own, since: new Date().toISOString() };
  const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(draft, `${JSON.stringify(mine)}\n`);
  try {
    for (;;) {
      if (linked(draft, file)) return { held: true, release: () => releaseOwn(file, mine) };
      const by = readHolder(file);
      if (by && isRunning(by)) return { held: false, by };
      breakStale(file, by, `${draft}.stale`);
    }
  } finally {
    unlinkSync(draft);
  }
}

/**
 * Does `work` while holding the lock; waits for whoever holds it, and says so once.
 * @throws AbortError when `stopping` comes while it waits
 */
export async function withLock<T>(file: string, waiting: (by: LockHolder) => void, work: () => Promise<T>, stopping?: AbortSignal): Promise<T> {
  let said = false;
  for (;;) {
    const attempt = tryLock(file);
    if (attempt.held) {
      try {
        return await work();
      } finally {
        attempt.release();
      }
    }
    if (!said) waiting(attempt.by);
    said = true;
    await delay(200, undefined, { signal: stopping });
  }
}

/** Who holds it, or null where nobody does. A holder that is gone counts as nobody only for `tryLock`. */
export function readHolder(file: string): LockHolder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockHolder;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Renamed first: of two that found it stale only one gets it, and a lock that is new by then is put back. */
function breakStale(file: string, stale: LockHolder | null, aside: string): void {
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = readHolder(aside);
  if (taken?.pid !== stale?.pid || taken?.start !== stale?.start) linked(aside, file);
  unlinkSync(aside);
}

function releaseOwn(file: string, mine: LockHolder): void {
  const holder = readHolder(file);
  if (holder?.pid === mine.pid && holder.start === mine.start && holder.since === mine.since) unlinkSync(file);
}
