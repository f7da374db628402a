import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Pool } from '../../src/database/pool.ts';
import { readConvergence, readStragglers } from '../../src/database/runs/convergence.ts';
import type { Observed } from '../../src/control/observed.ts';

export interface Converged {
  /** Containers that serve the newest state of the site. */
  readonly converged: number;
  /** Those that were ready and alive, and did not follow in time. */
  readonly notConverged: readonly string[];
  /** Those of them that tried the newest state and quarantined the site: its last good version goes on there. */
  readonly refused: readonly string[];
}

/** As DESIGN.md: who does not follow within this time is named. */
const DEADLINE_MS = 10_000;
/** Notifications may be lost. */
const LOOK_AGAIN_MS = 1_000;

export function convergeActivities({ pool, observed }: { readonly pool: Pool; readonly observed: Observed }) {
  return {
    /**
     * Wait until every container that is ready and alive now serves the newest state of the site; one that stops being
     * so is not waited for any longer. Never fails for a container that lags: it is named.
     */
    async converge({ site, deadlineMs = DEADLINE_MS, container }: {
      readonly site: string; readonly deadlineMs?: number;
      /** This one alone is waited for. */
      readonly container?: string;
    }): Promise<Converged> {
      const until = Date.now() + deadlineMs;
      for (;;) {
        // Asked for before looking, so that nothing observed in between is missed.
        const news = observed.next(LOOK_AGAIN_MS, cancellationSignal());
        // Cancelled while the rows are read, it rejects before anyone awaits it: unheard, that would end the process.
        news.catch(() => {});
        const rows = (await readConvergence(pool, site)).filter((row) => container === undefined || row.container === container);
        const lagging = rows.filter((row) => !row.served);
        const refused = lagging.filter((row) => row.refused);
        // One that has refused will not follow, however long it is waited for.
        if (lagging.length === refused.length || Date.now() >= until) {
          const names = (some: typeof rows) => some.map((row) => row.container).sort();
          return { converged: rows.length - lagging.length, notConverged: names(lagging), refused: names(refused) };
        }
        heartbeat({ waitingFor: lagging.length });
        await news;
      }
    },

    /** Containers that may still serve an older state of the site, whether they can be asked now or not. */
    async findStragglers({ site }: { readonly site: string }): Promise<string[]> {
      return await readStragglers(pool, site);
    },
  };
}
