/**
 * What every workflow does at its ends, so that none of them does it by hand: claim the run, keep its steps in view,
 * write the final state. Bundled with the workflows.
 */
import {
  ApplicationFailure, CancellationScope, CancelledFailure, isCancellation, TemporalFailure,
  upsertSearchAttributes, workflowInfo, type WorkflowInterceptorsFactory,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { isRunType } from '../../domain/run.ts';
import { fromFailure } from '../failure.ts';
import { certain } from '../workflow/activities.ts';
import { commanded, reasonOfCancel } from '../workflow/operator.ts';
import type { Ending, Outcome } from '../workflow/outcome.ts';
import { stepOf } from '../steps.ts';
import { note } from '../workflow/progress.ts';
import { undoneOf } from '../workflow/undo.ts';

const OUTCOME = defineSearchAttributeKey('Outcome', 'KEYWORD');

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [{
    async execute(input, next) {
      // A check that a schedule asks for has no row to claim and no operator to obey.
      if (!isRunType(workflowInfo().workflowType)) return await next(input).catch((error) => { throw typed(error); });
      return await commanded(async () => {
        // Claimed even when it is cancelled already: what the request made has to be undone by someone.
        const claimed = await CancellationScope.nonCancellable(() => certain.claim());
        if (!claimed) {
          upsertSearchAttributes([{ key: OUTCOME, value: 'not-claimed' }]);
          return undefined;
        }
        let ending: Ending;
        let thrown: unknown;
        let result: Outcome | undefined;
        try {
          const { next: followUps, ...rest } = ((await next(input)) ?? {}) as Outcome;
          result = rest;
          ending = { state: 'completed', result, next: followUps };
        } catch (error) {
          thrown = typed(error);
          ending = endingOf(thrown);
        }
        await CancellationScope.nonCancellable(() => certain.finishRun(ending));
        upsertSearchAttributes([{ key: OUTCOME, value: ending.state }]);
        if (thrown !== undefined) throw thrown;
        return result;
      });
    },
  }],
  outbound: [{
    async scheduleActivity(input, next) {
      const part = isRunType(workflowInfo().workflowType) ? stepOf(input.activityType) : null;
      if (part?.begins) note(part.step, 'running');
      const options = input.options.summary ? input.options : { ...input.options, summary: summaryOf(input.activityType, input.args) };
      try {
        const result = await next({ ...input, options });
        if (part?.ends) note(part.step, 'completed');
        return result;
      } catch (error) {
        if (part?.ends) note(part.step, isCancellation(error) ? 'cancelled' : 'failed', fromFailure(error).message);
        throw error;
      }
    },
  }],
});

/** A plain Error would have the workflow's task retried for ever, and the run stuck. */
function typed(error: unknown): unknown {
  return error instanceof TemporalFailure ? error
    : ApplicationFailure.create({ type: 'internal', message: String(error), nonRetryable: true, cause: error as Error });
}

/** One line for the UI: the step, and the identities it was given. */
function summaryOf(activity: string, args: readonly unknown[]): string {
  const given = Object.values((args[0] ?? {}) as Record<string, unknown>).filter((value) => typeof value === 'string');
  return [activity, ...given].join(' ').slice(0, 200);
}

/** How a run ended, from what its workflow threw. */
function endingOf(error: unknown): Ending {
  const undone = undoneOf(error);
  const { type, message } = fromFailure(error);
  const cancelled = isCancellation(error) || error instanceof CancelledFailure;
  const what = cancelled ? `cancelled${reasonOfCancel() ? `: ${reasonOfCancel()}` : ''}` : message;
  const why = [what, ...(undone?.told ?? [])].join('; ');
  if (undone && undone.left.length > 0) {
    return { state: 'failed', error: { type, message: `${why}; not undone: ${undone.left.join('; ')}` } };
  }
  const error_ = { type, message: why };
  if (type === 'superseded') return { state: 'superseded', error: error_ };
  if (undone) return { state: 'compensated', error: error_ };
  return { state: cancelled ? 'cancelled' : 'failed', error: error_ };
}
