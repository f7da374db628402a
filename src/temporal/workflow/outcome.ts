import type { RunError } from '../failure.ts';
import type { RunInputs, RunState, RunType } from '../../domain/run.ts';

/** What a workflow returns, and its run keeps: ids and counts, never contents. */
export interface Outcome {
  /** Containers that were ready and did not follow in time. */
  readonly notConverged?: readonly string[];
  /** What was found by asking for each hostname inside each ready container. */
  readonly probes?: ProbeSummary;
  /** Runs to request in the transaction that ends this one; workflows start others in no other way. */
  readonly next?: readonly FollowUp[];
  readonly [name: string]: unknown;
}

export interface ProbeSummary {
  readonly containers: number;
  readonly hostnames: number;
  /** `container hostname: why`, for those that did not answer as they should: at most 50. */
  readonly bad: readonly string[];
  /** How many containers fail for them: all are counted, but those of which nothing else was expected. Results of before this was counted lack it. */
  readonly failing: number;
  /** Containers whose agent did not take the task, or died with it. */
  readonly unreachable: readonly string[];
}

export type FollowUp = {
  [Type in RunType]: { readonly type: Type; readonly input: RunInputs[Type] };
}[RunType];

/** How a run ended. */
export interface Ending {
  readonly state: Exclude<RunState, 'requested' | 'running'>;
  readonly result?: Outcome | undefined;
  readonly error?: RunError | undefined;
  readonly next?: readonly FollowUp[] | undefined;
}
