/** Reading desired state and taking it over: what is accepted is on disk before anything acts on it. */
import type { Desired } from '../../domain/desired.ts';
import { isReeveError, ReeveError } from '../../domain/errors.ts';
import type { Waiting } from '../../domain/observed.ts';
import type { Pool } from '../../database/pool.ts';
import { readChanges, readSnapshot } from '../../database/snapshot.ts';
import { type Log, messageOf } from '../../log.ts';
import type { LastKnownGood } from '../state/last-known-good.ts';
import { accept, type Incoming, isBeyondTombstones } from './accept.ts';

export interface Taken {
  readonly before: Desired | null;
  readonly desired: Desired;
}

export interface DesiredReader {
  /** What is known now; null before anything ever was. */
  current(): Desired | null;
  /**
   * Read what changed. A failure, or a refusal, keeps what is known and says why.
   * @param onAccepted called with a newer state before it is kept; what it must remember has to be on disk when it returns
   */
  refresh(onAccepted: (taken: Taken) => void): Promise<Waiting | null>;
  /** Compare everything at the next read: the database may be another one than before. */
  compareAll(): void;
  /** Whether it has been looked for since the start: the first pass serves what was kept. */
  hasTried(): boolean;
  /** Whether the database has answered since the start. */
  hasRead(): boolean;
}

const NO_TOMBSTONES = { sites: new Set<string>(), hostnames: new Set<string>() };

/** A pass waits no longer for the database: vassals that are under way are not to wait for it. */
const READ_WITHIN_MS = 2_000;
interface Reading {
  readonly result: Promise<Incoming | null>;
  readonly settled: Promise<void>;
  done: boolean;
}

const later = (ms: number) => new Promise<false>((resolve) => setTimeout(() => resolve(false), ms));

/**
 * @param onLate called when a read that took too long has ended: look again
 * @param container whose view of it is read
 * @param onTooOld called when what is known is older than the platform's tombstones, and rows are gone without one
 */
export function desiredReader(
  pool: Pool, kept: LastKnownGood, log: Log, onLate: () => void, onTooOld: () => void, container?: string,
): DesiredReader {
  let current = kept.load();
  let compare = false;
  let read = false;
  let was: string | null = null;
  let started = false;
  let tried = false;
  let reading: Reading | null = null;
  if (current) log.info('last known good state', { epoch: current.epoch, generation: current.generation, sites: current.sites.size });

  async function fetch(since: Desired | null, whole: boolean): Promise<Incoming | null> {
    if (!since) return { desired: await readSnapshot(pool, container), tombstones: NO_TOMBSTONES };
    const changes = await readChanges(pool, since, container);
    if (changes || !whole) return changes;
    const desired = await readSnapshot(pool, container);
    // Something may have been committed in between: then the next read brings it, with its tombstones.
    return desired.epoch === since.epoch && desired.generation === since.generation
      ? { desired, tombstones: NO_TOMBSTONES }
      : null;
  }

  function begin(): Reading {
    const result = fetch(current, compare);
    const one: Reading = { result, done: false, settled: result.then(() => {}, () => {}).then(() => { one.done = true; }) };
    return one;
  }

  /** One read at a time. One that takes long goes on, and a later pass takes its result. */
  async function fetchWithin(ms: number): Promise<Incoming | null> {
    reading ??= begin();
    const one = reading;
    await Promise.race([one.settled, later(ms)]);
    if (!one.done) {
      void one.settled.then(onLate);
      throw new ReeveError('unavailable', `the platform’s database has not answered for ${ms / 1000} s`);
    }
    reading = null;
    return await one.result;
  }

  async function look(onAccepted: (taken: Taken) => void): Promise<Waiting | null> {
    let incoming: Incoming | null;
    try {
      incoming = await fetchWithin(READ_WITHIN_MS);
    } catch (error) {
      // Changes applied to what is known do not add up to the platform's counts.
      if (isReeveError(error, 'read-failed') && isBeyondTombstones(kept.savedAt(), Date.now())) onTooOld();
      return { on: 'database', message: messageOf(error) };
    }
    read = true;
    if (!incoming) return null;
    const acceptance = accept(current, incoming);
    if (!acceptance.accepted) {
      if (acceptance.why === 'no tombstone' && isBeyondTombstones(kept.savedAt(), Date.now())) onTooOld();
      return { on: 'refused', message: acceptance.message };
    }
    compare = false;
    const { desired } = incoming;
    if (current && desired.epoch === current.epoch && desired.generation === current.generation) return null;
    try {
      onAccepted({ before: current, desired });
      kept.save(current, desired);
    } catch (error) {
      return { on: 'disk', message: messageOf(error) };
    }
    current = desired;
    return null;
  }

  return {
    current: () => current,
    async refresh(onAccepted) {
      // What was kept serves first; only then is the database looked for.
      if (!started) {
        started = true;
        if (current) return null;
      }
      tried = true;
      const waiting = await look(onAccepted);
      const now = waiting ? `${waiting.on}: ${waiting.message}` : null;
      if (now !== was) log[waiting ? 'warn' : 'info']('reading desired state', { was: was ?? 'well', now: now ?? 'well' });
      was = now;
      return waiting;
    },
    compareAll() {
      compare = true;
    },
    hasTried: () => tried,
    hasRead: () => read,
  };
}
