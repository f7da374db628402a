import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../api/client.ts';
import { ReeveError } from '../../domain/errors.ts';
import type { Run } from '../../domain/resources/run.ts';
import { OPEN_STATES } from '../../domain/run.ts';
import type { Report } from '../setup/installed.ts';

/** Until the control worker has begun it; from then on its workflow has deadlines of its own. */
const BEGUN_WITHIN_MS = 5 * 60_000;

/**
 * Report a run as it goes on, until it is over.
 * @param name what kind of thing it makes, and `what` which one
 * @param stopping ends the watching; the run goes on
 * @throws ReeveError `step-failed` when it did not complete; `unavailable` when nobody began it; AbortError
 */
export async function watchRun(
  api: Client, run: string, name: string, what: string, report: Report, stopping: AbortSignal, begunWithin = BEGUN_WITHIN_MS,
): Promise<void> {
  const asked = Date.now();
  for (;;) {
    const now = await api.request<Run>('GET', `/runs/${run}`, { signal: stopping });
    if (now.state === 'completed') {
      report({ name, state: 'done', detail: what });
      return;
    }
    if (!OPEN_STATES.includes(now.state)) {
      report({ name, state: 'failed', detail: `${what}: ${now.error?.message ?? now.state}` });
      throw new ReeveError('step-failed', `${name.toLowerCase()} ${what} was not made: ${now.error?.message ?? now.state} (run ${run})`);
    }
    if (now.state === 'requested') {
      if (Date.now() - asked > begunWithin) {
        throw new ReeveError('unavailable', `${name.toLowerCase()} ${what} was asked for, but nobody began it: is Temporal there? The control worker's log (control.log) says more (run ${run})`);
      }
      report({ name, state: 'working', detail: `${what}: waits for Temporal and the control worker` });
    }
    const step = now.steps.find((one) => one.state === 'running');
    if (now.state === 'running') report({ name, state: 'working', detail: `${what}${step ? `: ${step.message ?? step.name}` : ''}`, progress: now.progress });
    await delay(250, undefined, { signal: stopping });
  }
}
