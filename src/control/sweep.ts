import type { Client } from '@temporalio/client';
import { type Log, messageOf } from '../log.ts';
import { listen } from '../database/listen.ts';
import type { Pool } from '../database/pool.ts';
import { runsToCancel, runsToStart } from '../database/runs/open.ts';
import { isReeveError } from '../domain/errors.ts';
import { cancelRun } from '../temporal/cancel.ts';
import { startRun } from '../temporal/start.ts';
import { startLoop } from './loop.ts';

/** The development server fails near 1,000 workflows at once (TEMPORAL.md). */
const IN_FLIGHT = 50;

/**
 * Hand requested runs to Temporal, and cancel those that someone wants to end. It makes up for whoever asked and died,
 * or found Temporal away; a run is started once however many try.
 */
export function startSweep({ client, pool, url, log, everyMs = 3_000, inFlight = IN_FLIGHT }: {
  client: Client; pool: Pool; url: string; log: Log; everyMs?: number; inFlight?: number;
}) {
  const one = async (run: string, act: () => Promise<unknown>) => {
    try {
      await act();
    } catch (error) {
      // Away: the rest would fail too. Refused (it has published, or is cancelled already): that is its answer.
      if (isReeveError(error, 'unavailable')) throw error;
      if (!isReeveError(error, 'conflict')) log.warn('run not swept', { run, error: messageOf(error) });
    }
  };
  const loop = startLoop({
    name: 'sweep', everyMs, log,
    async pass(stopping) {
      for (const run of await runsToStart(pool, inFlight)) {
        if (stopping.aborted) return;
        await one(run, async () => {
          if (await startRun(client, pool, run)) log.info('run started', { run, by: 'sweep' });
        });
      }
      // After starting: a run that is cancelled before it was started still has to undo what its request made.
      for (const run of await runsToCancel(pool)) {
        if (stopping.aborted) return;
        await one(run, () => cancelRun(client, run, 'cancelled by request'));
      }
    },
  });
  const listener = listen({
    url, name: 'reeve control runs', channels: ['reeve_run'], onMessage: loop.wake, onConnect: loop.wake,
    onError: (error) => log.warn('listener lost', { name: 'sweep', error: error.message }),
  });
  return {
    wake: loop.wake,
    async stop() {
      await Promise.all([listener.close(), loop.stop()]);
    },
  };
}
