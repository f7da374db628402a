import {
  type Client, WorkflowNotFoundError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { isReeveError, ReeveError } from '../domain/errors.ts';
import { asked } from './away.ts';
import { fromFailure } from './failure.ts';

/**
 * Cancel a run, for a reason that its page then shows. Asked as an Update, so that one that has published already says
 * no; where no worker is there to answer, as a plain cancellation, which the run finds when a worker is back.
 * @returns `accepted`, or `over` when Temporal has nothing to cancel
 * @throws ReeveError `conflict` when it has published already; `unavailable` when Temporal is away
 */
export async function cancelRun(client: Client, runId: string, reason: string): Promise<'accepted' | 'over'> {
  const handle = client.workflow.getHandle(runId);
  try {
    await asked(client, () => handle.executeUpdate('cancelRun', { args: [{ reason }] }));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'over';
    if (error instanceof WorkflowUpdateFailedError) {
      const { type, message, fields } = fromFailure(error.cause);
      throw new ReeveError(type, message, { ...fields, run: runId }, error);
    }
    // No answer: Temporal is away, or only the worker is; the plain cancellation finds out which.
    if (!isReeveError(error, 'unavailable') && !(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
  }
  try {
    // Also after the Update, so that Temporal itself shows the run as cancelled.
    await asked(client, () => handle.cancel());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'over';
    throw error;
  }
  return 'accepted';
}
