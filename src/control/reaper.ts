import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Log } from '../log.ts';
import type { Pool } from '../database/pool.ts';
import { endRun } from '../database/runs/end.ts';
import { markUnstarted, type QuietRun, quietRuns } from '../database/runs/open.ts';
import { settling } from '../domain/run.ts';
import { asked } from '../temporal/away.ts';
import { type Loop, startLoop } from './loop.ts';

/** A run of which nothing was heard for as long is asked about. */
const QUIET_MS = 10_000;

const WORDS: Readonly<Record<string, string>> = {
  TERMINATED: 'its workflow was terminated in Temporal',
  TIMED_OUT: 'its workflow ran out of time in Temporal',
  FAILED: 'its workflow failed before it could say why',
  CANCELLED: 'its workflow was cancelled before it could say so',
  COMPLETED: 'its workflow ended without its last word',
};

/**
 * End runs whose workflow is over, or that Temporal does not know: nobody else would ever write their final state and
 * release their locks. With it another run is requested that settles what one leaves half made, so that nobody has the
 * subject in between. Temporal being away says nothing.
 * @param onEnded  after some were ended: what they left half made is to be looked for
 */
export function startReaper({ client, pool, log, onEnded, everyMs = 5_000, quietMs = QUIET_MS }: {
  client: Client; pool: Pool; log: Log; onEnded?: () => void; everyMs?: number; quietMs?: number;
}): Loop {
  return startLoop({
    name: 'reaper', everyMs, log,
    async pass(stopping) {
      let ended = 0;
      for (const run of await quietRuns(pool, quietMs)) {
        if (stopping.aborted) return;
        if (await bury(client, pool, run, log)) ended += 1;
      }
      if (ended > 0) onEnded?.();
    },
  });
}

async function bury(client: Client, pool: Pool, run: QuietRun, log: Log): Promise<boolean> {
  const status = await statusOf(client, run.id);
  if (status === 'RUNNING') return false;
  if (status === null && run.state === 'requested') {
    // Temporal lost it before anything was done: it is simply started again.
    await markUnstarted(pool, run.id);
    log.warn('run forgotten by Temporal', { run: run.id, type: run.type, now: 'to be started again' });
    return false;
  }
  const message = status === null ? 'Temporal does not know its workflow any more' : WORDS[status] ?? `its workflow is ${status}`;
  // The row may have got its final state since it was read; then this changes nothing.
  // Also where it was never claimed: its request may have changed rows.
  const settles = settling(run.id, run.type, run.input);
  const ended = await endRun(pool, run.id, {
    state: 'failed', error: { type: 'step-failed', message }, next: settles ? [{ type: 'settleRun', input: settles }] : [],
  });
  if (ended) log.warn('run buried', { run: run.id, type: run.type, was: run.state, temporal: status ?? 'unknown' });
  return ended;
}

/** Null when Temporal does not know it. */
async function statusOf(client: Client, run: string): Promise<string | null> {
  try {
    const { status } = await asked(client, () => client.workflow.getHandle(run).describe());
    return status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
