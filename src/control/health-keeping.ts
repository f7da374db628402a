import { keepHealth } from '../database/health/keep.ts';
import { rollUpSweeps } from '../database/health/rollup.ts';
import type { Pool } from '../database/pool.ts';
import type { Log } from '../log.ts';
import { type Loop, startLoop } from './loop.ts';

/** What sweeps found: rolled up, and kept for as long as it is to be. */
export function startHealthKeeping({ pool, log, everyMs = 60_000 }: { pool: Pool; log: Log; everyMs?: number }): Loop {
  return startLoop({
    name: 'health keeping', everyMs, log,
    async pass() {
      const dropped = await keepHealth(pool);
      if (dropped.length > 0) log.info('partitions dropped', { partitions: dropped });
      for (const step of ['5m', '1h'] as const) await rollUpSweeps(pool, step);
    },
  });
}
