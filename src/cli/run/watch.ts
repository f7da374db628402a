/** Stays with a run until it has ended. */
import { setTimeout as delay } from 'node:timers/promises';
import { ERRORS, type ErrorType, isReeveError, ReeveError } from '../../domain/errors.ts';
import { OPEN_STATES } from '../../domain/run.ts';
import type { Client, Context } from '../context.ts';
import { Detached } from '../failure.ts';
import { duration } from '../output/time.ts';
import type { Run } from '../resources.ts';
import { openDisplay } from './display.ts';

/** Between two looks: steps of a second or less are seen, and 100 people watching ask 400 times a second at most. */
const LOOK_EVERY = 250;
/** How long an API that is away (a restart, say) is waited for before the watching ends; the run goes on anyway. */
const PATIENCE = 60_000;

export function isOver(run: Pick<Run, 'state'>): boolean {
  return !OPEN_STATES.includes(run.state);
}

/**
 * Shows the run's steps until it has ended, and gives its last state, whatever that is.
 * @param what how people call what it is about, e.g. `alpha`
 * @throws Detached on Ctrl-C: the run goes on
 * @throws ReeveError `not-converged` when `--timeout` has passed; the run goes on
 */
export async function watchRun(context: Context, id: string, what: string): Promise<Run> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort(new Detached(`\nthe run goes on; watch it with: reeve run watch ${id}`));
  process.on('SIGINT', onInterrupt);
  const display = await openDisplay(context.terminal, what);
  const deadline = context.timeout === null ? Infinity : Date.now() + context.timeout;
  try {
    for (;;) {
      const run = await lookAtRun(context.api, id, interrupt.signal);
      display.update(run);
      if (isOver(run)) return run;
      if (Date.now() >= deadline) {
        throw new ReeveError('not-converged', `${run.type} ${what} was not over within ${duration(context.timeout!)}; ` +
          `it goes on: reeve run watch ${id}`, { run: id });
      }
      await pause(Math.min(LOOK_EVERY, deadline - Date.now()), interrupt.signal);
    }
  } finally {
    display.end();
    process.off('SIGINT', onInterrupt);
  }
}

async function lookAtRun(api: Client, id: string, interrupted: AbortSignal): Promise<Run> {
  const began = Date.now();
  for (;;) {
    interrupted.throwIfAborted();
    try {
      return await api.request<Run>('GET', `/runs/${id}`);
    } catch (error) {
      const again = isReeveError(error) && ERRORS[error.type].retry && Date.now() - began < PATIENCE;
      if (!again) throw error;
      await pause(1000, interrupted);
    }
  }
}

async function pause(ms: number, interrupted: AbortSignal): Promise<void> {
  await delay(Math.max(0, ms), undefined, { signal: interrupted }).catch(() => interrupted.throwIfAborted());
}

/**
 * Nothing for a run that completed.
 * @throws ReeveError of the run's own error type, so that the exit code says what kind of failure it was
 */
export function requireCompleted(run: Run, what: string): void {
  if (run.state === 'completed') return;
  const failed = run.steps.find((step) => step.state === 'failed');
  const reason = run.error?.message ?? failed?.message ?? '';
  const at = failed ? ` at ${failed.name}` : '';
  const outcome = { failed: 'failed', compensated: 'failed and was undone', cancelled: 'was cancelled', superseded: 'was superseded' };
  const words = outcome[run.state as keyof typeof outcome] ?? run.state;
  const more = run.temporalUrl ? `\n  its history: ${run.temporalUrl}` : '';
  throw new ReeveError(typeOf(run), `${run.type} ${what} ${words}${at}${reason ? `: ${reason}` : ''}${more}`, { run: run.id });
}

function typeOf(run: Run): ErrorType {
  if (run.error && run.error.type in ERRORS) return run.error.type as ErrorType;
  return run.state === 'superseded' ? 'superseded' : 'step-failed';
}
