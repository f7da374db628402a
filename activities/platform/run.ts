import type { Pool } from '../../src/database/pool.ts';
import { claimRun } from '../../src/database/run.ts';
import { endRun } from '../../src/database/runs/end.ts';
import { currentExecution, currentRun } from '../../src/temporal/current-run.ts';
import type { Ending } from '../../src/temporal/workflow/outcome.ts';

/** The ends of every run; called by the workflows' interceptor alone. */
export function runActivities({ pool }: { readonly pool: Pool }) {
  return {
    /** False: the run is another execution's, or over, and nothing is to be done. */
    async claim(): Promise<boolean> {
      return await claimRun(pool, currentRun(), currentExecution());
    },

    async finishRun(ending: Ending): Promise<void> {
      await endRun(pool, currentRun(), ending);
    },
  };
}
