/** The sweeps of this container, put together. */
import type { Pool } from '../../database/pool.ts';
import type { Desired } from '../../domain/desired.ts';
import type { Log } from '../../log.ts';
import { createRequester } from './request.ts';
import { MOST_AT_ONCE } from './round.ts';
import { createStandings } from './standings.ts';
import { createSweepStore } from './storing.ts';
import { createSweeper, type Sweeper } from './sweeper.ts';

export type { Sweeper, SweepSummary } from './sweeper.ts';

export function startSweeps({ pool, container, incarnation, desired, probeSocket, log }: {
  pool: Pool;
  container: string;
  /** 0 until the platform has been reached. */
  incarnation(): number;
  desired(): Desired | null;
  probeSocket: string;
  log: Log;
}): Sweeper {
  const standings = createStandings();
  const store = createSweepStore({ pool, container, incarnation, standings, log });
  return createSweeper({ desired, requester: createRequester(probeSocket, MOST_AT_ONCE), standings, store, log });
}
