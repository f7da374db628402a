/** What every activity of the control worker does besides its work: heartbeat, record its step, fail with a type. */
import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { stepEnded, stepStarted } from '../../database/runs/steps.ts';
import type { Pool } from '../../database/pool.ts';
import { isId } from '../../domain/id.ts';
import { type RunType, STEPS } from '../../domain/run.ts';
import { fromFailure, toFailure } from '../failure.ts';
import { stepOf } from '../steps.ts';

/** Well under the heartbeat timeout of `src/temporal/workflow/activities.ts`. */
const HEARTBEAT_MS = 3_000;
/** Postgres may be away; the step's result must not wait for its record. */
const RECORD_WITHIN_MS = 1_000;

/**
 * @param pool  where steps are recorded; failures to record are passed to `onError` and change nothing
 */
export function activityInterceptors(pool: Pool, onError: (error: unknown) => void): ActivityInterceptorsFactory {
  return (context) => ({
    inbound: {
      async execute(input, next) {
        const record = recorder(context, pool, onError);
        // On behalf of the activity: so a dead worker is noticed at once, and a cancellation arrives, without each
        // activity saying that it is alive. How long one may take is bounded by its start-to-close timeout.
        const heart = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
        record.started();
        try {
          const result = await next(input);
          await record.ended('completed');
          return result;
        } catch (error) {
          const failure = toFailure(error, context.info.attempt);
          const cancelled = context.cancellationSignal.aborted && !(failure instanceof ApplicationFailure && failure.nonRetryable);
          await record.ended(cancelled ? 'cancelled' : 'failed', fromFailure(failure).message);
          throw failure;
        } finally {
          clearInterval(heart);
        }
      },
    },
  });
}

function recorder({ info }: Context, pool: Pool, onError: (error: unknown) => void) {
  const run = info.workflowExecution?.workflowId;
  const part = stepOf(info.activityType);
  if (!isId('w', run) || !part) return { started() {}, async ended() {} };
  const planned = STEPS[info.workflowType as RunType] ?? [];
  const step = { run, name: part.step, attempt: info.attempt };
  let last: Promise<void> = Promise.resolve();
  const write = (work: () => Promise<void>) => {
    last = last.then(work).catch(onError);
    return last;
  };
  return {
    started() {
      if (part.begins) void write(() => stepStarted(pool, step));
    },
    async ended(state: 'completed' | 'failed' | 'cancelled', message?: string) {
      if (!part.ends && state === 'completed') return;
      const written = write(() => stepEnded(pool, { ...step, state, message }, planned));
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([written, new Promise((resolve) => { timer = setTimeout(resolve, RECORD_WITHIN_MS); })]);
      clearTimeout(timer);
    },
  };
}
