import { CancellationScope, CancelledFailure, defineQuery, defineUpdate, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import { NOTHING_TO_CANCEL, type RunType } from '../../domain/run.ts';
import { failure } from '../failure.ts';
import { type Progress, progress } from './progress.ts';

/** An operator's command: stop, and undo what was done. Refused once the run has published something. */
export const cancelRun = defineUpdate<void, [{ readonly reason: string }]>('cancelRun');

/** How the run stands, as its page shows it. */
export const describe = defineQuery<Progress & { readonly published: boolean; readonly cancelReason: string | null }>('describe');

// Of one run: the module is loaded anew for each workflow.
let published = false;
let cancelReason: string | null = null;

/** Steps up to publishing run in a scope of their own, which the command cancels. */
const cancellable = new CancellationScope();

const nothingToCancel = () => NOTHING_TO_CANCEL[workflowInfo().workflowType as RunType];

/** Run the workflow so that operators' commands reach it. */
export function commanded<T>(work: () => Promise<T>): Promise<T> {
  published = nothingToCancel() !== undefined;
  setHandler(describe, () => ({ ...progress(), published, cancelReason }), { description: 'How the run stands' });
  setHandler(cancelRun, ({ reason }) => {
    cancelReason = reason;
    cancellable.cancel();
  }, {
    description: 'Stop the run and undo what it did, up to publishing: {"reason": "…"}',
    // Synchronous: an asynchronous validator never refuses.
    validator: (command) => {
      if (typeof command?.reason !== 'string' || command.reason.trim() === '') throw failure('invalid', 'say why, as {"reason": "…"}');
      if (command.reason.length > 500) throw failure('invalid', 'a reason has at most 500 characters');
      if (published) throw failure('conflict', nothingToCancel() ?? 'it has published already, and only reports from here on');
      if (cancelReason !== null) throw failure('conflict', 'it is being cancelled already');
    },
  });
  return cancellable.run(work);
}

/** Why an operator cancelled it; null when none did. */
export const reasonOfCancel = (): string | null => cancelReason;

/** The step before may have ended well though it was told to stop. For what is undone, call it inside the way back. */
export function stopIfCancelled(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled before publishing');
}

/**
 * The point of no return, and what comes after: visitors may be there. Publishing itself is in it, so that it ends with
 * a plain yes or no; once it has said yes, cancelling changes nothing any more. A run with nothing to cancel goes on.
 */
export async function publishing(publish: () => Promise<unknown>): Promise<void> {
  if (!(published && patched('nothing to cancel'))) stopIfCancelled();
  await CancellationScope.nonCancellable(async () => {
    const before = published;
    published = true;
    try {
      await publish();
    } catch (error) {
      published = before;
      throw error;
    }
  });
}

/** What follows publishing: it only reports, and is bounded in time, so it is not cancelled. */
export function afterwards<T>(work: () => Promise<T>): Promise<T> {
  return CancellationScope.nonCancellable(work);
}
