/** The steps outside of a workflow: what an activity may ask of its surroundings is its run, its heart, and whether it was cancelled. */
import { asyncLocalStorage, type Context } from '@temporalio/activity';

/** Run a step as the activity of that run. */
export function asStepOf<T>(run: string, step: () => Promise<T>, signal: AbortSignal = new AbortController().signal): Promise<T> {
  const context = {
    info: { workflowExecution: { workflowId: run, runId: 'test' }, attempt: 1, activityType: 'test' },
    cancellationSignal: signal,
    heartbeat() {},
  } as unknown as Context;
  return asyncLocalStorage.run(context, step);
}
