import { activityInfo } from '@temporalio/activity';
import { ReeveError } from '../domain/errors.ts';
import { isId, type RunId } from '../domain/id.ts';

/** The run on whose behalf an activity works: its workflow's id. Inputs do not carry it, so none can be wrong. */
export function currentRun(): RunId {
  const id = activityInfo().workflowExecution?.workflowId;
  if (!isId('w', id)) throw new ReeveError('internal', `this activity belongs to no run, but to ${id}`);
  return id;
}

/** Temporal's own id of the execution, which the claim compares. */
export function currentExecution(): string {
  return activityInfo().workflowExecution!.runId;
}
