/** Sweeps that Postgres has not taken yet, oldest first, with a bound on what they may hold. */
import type { SweepRow } from '../../database/health/store.ts';

export interface Unsent {
  readonly sweep: SweepRow;
  readonly packed: Buffer;
  readonly names: readonly string[];
}

export interface UnsentQueue {
  add(sweep: Unsent): void;
  /** The oldest, and whether it is the newest as well. */
  next(): { readonly sweep: Unsent; readonly isLast: boolean } | null;
  drop(sweep: Unsent): void;
}

/** Chosen small beside the agent's memory (180 MB). Sweeps of 20,000 even answers took 5 KB each. Beyond it the oldest go. */
const MOST_BYTES = 8 * 1024 * 1024;

export function createUnsentQueue(mostBytes = MOST_BYTES): UnsentQueue {
  let queue: Unsent[] = [];
  return {
    add(sweep) {
      queue.push(sweep);
      let bytes = queue.reduce((sum, { packed }) => sum + packed.length, 0);
      while (bytes > mostBytes && queue.length > 1) bytes -= queue.shift()!.packed.length;
    },
    next: () => (queue.length === 0 ? null : { sweep: queue[0]!, isLast: queue.length === 1 }),
    drop(sweep) {
      queue = queue.filter((one) => one !== sweep);
    },
  };
}
