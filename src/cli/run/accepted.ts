/** What follows an answer that was only accepted (202): waiting for its run, and saying how it went. */
import type { Answer } from '../../api/client.ts';
import type { Context } from '../context.ts';
import type { Run } from '../resources.ts';
import { requireCompleted, watchRun } from './watch.ts';

/** The run that was requested; null when all was done at once. Its resource may name another run, which goes on beside. */
export function runOf(answer: Answer<unknown>): string | null {
  return answer.location?.match(/\/runs\/(\w+)$/)?.[1] ?? null;
}

/**
 * Waits for the run that was requested, unless `--no-wait`. Null when there was nothing to wait for, or no waiting.
 * @param what how people call what it is about, e.g. `alpha`
 * @throws ReeveError of the run's kind when it did not complete; Detached on Ctrl-C
 */
export async function awaitRun(context: Context, answer: Answer<unknown>, what: string): Promise<Run | null> {
  const id = runOf(answer);
  if (id === null) return null;
  if (!context.wait) {
    context.terminal.note(`accepted as run ${id}; watch it with: reeve run watch ${id}`);
    return null;
  }
  const run = await watchRun(context, id, what);
  requireCompleted(run, what);
  return run;
}

/** Prints the JSON of a change: the answer, or, once its run has ended, the resource as it then is, with the run. */
export async function printOutcome<Resource>(context: Context, answer: Answer<Resource>, run: Run | null, read: () => Promise<Resource>): Promise<void> {
  context.terminal.printJson(run === null ? answer.body : { ...(await read()), run });
}
