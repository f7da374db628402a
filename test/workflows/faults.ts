/** What can go wrong at a step, done to the real activities of one run at a time. */
import { activityInfo } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { PlatformActivities } from '../../activities/platform/index.ts';
import { isReeveError, ReeveError } from '../../src/domain/errors.ts';
import { cancelRun } from '../../src/temporal/cancel.ts';

export type Kind =
  /** It does nothing, and cannot be tried again. */
  | 'fails before'
  /** It does its work, and fails for good all the same. */
  | 'fails after'
  /** It does its work, its answer is lost, and it is tried again. */
  | 'repeats'
  /** While it is under way, an operator cancels the run. */
  | 'is cancelled'
  /** It does its work, and somebody terminates the workflow in Temporal. */
  | 'is terminated'
  /** It waits until it is released, deaf to cancellation. */
  | 'hangs'
  /** For proveOwnership: it says that there is no proof. */
  | 'is unproved';

export const KINDS: readonly Kind[] = ['fails before', 'fails after', 'repeats', 'is cancelled'];

export interface Faults {
  /** Plan one for a run, before it is started. */
  plan(run: string, activity: string, kind: Kind): void;
  /** Plan one for a run that Reeve requests itself, by what that activity is given. Comes to pass once. */
  planFor(given: (input: unknown) => boolean, activity: string, kind: Kind): void;
  /** Let a hanging one go on. */
  release(run: string): void;
  /** How often each planned one came to pass. */
  happened(run: string): number;
  /** Called with each activity that was done, and what it was given; the activity ends when it has. */
  onDone: (activity: string, input: unknown) => unknown;
  wrap(activities: PlatformActivities): PlatformActivities;
}

interface Planned {
  readonly activity: string;
  readonly kind: Kind;
  happened: number;
  readonly released: PromiseWithResolvers<void>;
}

export function faults(client: Client): Faults {
  const planned = new Map<string, Planned>();
  let byInput: { given: (input: unknown) => boolean; activity: string; kind: Kind }[] = [];
  const plan = (run: string, activity: string, kind: Kind) => void planned.set(run, { activity, kind, happened: 0, released: Promise.withResolvers() });

  async function withFault(fault: Planned, run: string, work: () => Promise<unknown>): Promise<unknown> {
    fault.happened += 1;
    switch (fault.kind) {
      case 'fails before':
        throw new ReeveError('step-failed', 'failed on purpose');
      case 'fails after':
        await work();
        throw new ReeveError('step-failed', 'failed on purpose');
      case 'repeats':
        if (activityInfo().attempt === 1) {
          await work();
          throw new ReeveError('unavailable', 'the answer was lost');
        }
        return await work();
      case 'is cancelled':
        // Refused once something is published: that it goes on then is what is tested.
        if (fault.happened === 1) {
          await cancelRun(client, run, 'on purpose').catch((error) => {
            if (!isReeveError(error, 'conflict')) throw error;
          });
        }
        return await work();
      case 'is terminated':
        await work();
        await client.workflow.getHandle(run).terminate('on purpose');
        throw new ReeveError('step-failed', 'nobody hears this');
      case 'is unproved':
        return { proved: false, why: 'unproved on purpose' };
      case 'hangs':
        await fault.released.promise;
        return await work();
    }
  }

  const all: Faults = {
    onDone() {},
    plan,
    planFor: (given, activity, kind) => void byInput.push({ given, activity, kind }),
    release: (run) => planned.get(run)?.released.resolve(),
    happened: (run) => planned.get(run)?.happened ?? 0,
    wrap(activities) {
      return Object.fromEntries(Object.entries(activities).map(([name, work]) => [name, async (...args: unknown[]) => {
        const run = activityInfo().workflowExecution!.workflowId;
        const own = byInput.find(({ given, activity }) => activity === name && given(args[0]));
        if (own) {
          byInput = byInput.filter((each) => each !== own);
          plan(run, own.activity, own.kind);
        }
        const fault = planned.get(run);
        const done = async () => {
          const result = await (work as (...args: unknown[]) => Promise<unknown>)(...args);
          await all.onDone(name, args[0]);
          return result;
        };
        return fault?.activity === name ? await withFault(fault, run, done) : await done();
      }])) as unknown as PlatformActivities;
    },
  };
  return all;
}
