import type { Pool } from '../../database/pool.ts';
import { type LatestProbe, readLatest, type Stored, storeSweep, type Storing, type SweepRow } from '../../database/health/store.ts';
import { type Log, messageOf } from '../../log.ts';
import type { Standings } from './standings.ts';
import { createUnsentQueue, type Unsent } from './unsent.ts';

/** `away`: not yet; it is kept, and sent with the next one. */
export type Fate = Stored | 'away';

export interface SweepStore {
  /** What this incarnation had stored before its agent started again; asked for until it could be read. */
  recall(): Promise<void>;
  /** This sweep after those that wait, with what it changed. */
  add(sweep: Unsent): Promise<Fate>;
  /** What suspects answered after that sweep. */
  amend(sweep: SweepRow): Promise<Fate>;
}

/** Hands sweeps to Postgres in their order. One that cannot be handed over waits; only the newest can change verdicts. */
export function createSweepStore(options: {
  pool: Pool; container: string; incarnation(): number; standings: Standings; log: Log;
}): SweepStore {
  const { pool, container, standings, log } = options;
  const queue = createUnsentQueue();
  let recalled = false;
  let trouble: string | null = null;

  async function store(storing: Pick<Storing, 'sweep' | 'packed' | 'names'>, changed: readonly LatestProbe[]): Promise<Stored> {
    const incarnation = options.incarnation();
    const stored = await storeSweep(pool, { container, incarnation, ...storing, changed });
    if (stored === 'stored') standings.markStored(changed);
    return stored;
  }

  /** Without the names first: of the same thousands of them for days, their hash is enough. */
  async function send({ sweep, packed, names }: Unsent, changed: readonly LatestProbe[]): Promise<Stored> {
    const stored = await store({ sweep, packed, names: null }, changed);
    return stored === 'names' ? await store({ sweep, packed, names }, changed) : stored;
  }

  async function tried(work: () => Promise<Fate>): Promise<Fate> {
    // Before it has joined, the platform knows no incarnation to store it under.
    const now = options.incarnation() === 0 ? 'not joined' : null;
    try {
      const fate = now === null ? await work() : 'away';
      if (trouble !== now) log.info('sweeps are stored', { was: trouble ?? 'stored', now: now ?? 'stored' });
      trouble = now;
      return fate;
    } catch (error) {
      const message = messageOf(error);
      if (trouble !== message) log.warn('sweeps are not stored', { was: trouble ?? 'stored', now: message });
      trouble = message;
      return 'away';
    }
  }

  return {
    async recall() {
      if (recalled || options.incarnation() === 0) return;
      try {
        standings.recall(await readLatest(pool, container, options.incarnation()));
        recalled = true;
      } catch (error) {
        log.warn('earlier verdicts cannot be read', { error: messageOf(error) });
      }
    },
    add(sweep) {
      queue.add(sweep);
      return tried(async () => {
        for (;;) {
          const next = queue.next();
          if (!next) return 'kept';
          const stored = await send(next.sweep, next.isLast ? standings.unstored() : []);
          queue.drop(next.sweep);
          if (next.sweep === sweep) return stored;
        }
      });
    },
    amend: (sweep) => tried(() => store({ sweep, packed: null, names: null }, standings.unstored())),
  };
}
