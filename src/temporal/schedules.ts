import { type Client, ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { CONTROL_QUEUE } from './names.ts';

/** A check that is asked for again and again. Its workflow is no run: nobody asked for it, and it has no row. */
export interface ScheduleSpec {
  /** The schedule's id, and the prefix of its workflows' ids: the workflow's type. */
  readonly type: string;
  readonly everySeconds: number;
  readonly args: readonly unknown[];
  /** Shown in the Temporal UI. */
  readonly summary: string;
}

/**
 * Have each schedule as it is described. An operator's pause survives: the whole specification is replaced, the state
 * is kept (a merged specification would fire twice as often). Overlaps are skipped, and what was missed while Temporal
 * was away is made up for one minute at most.
 */
export async function upsertSchedules(client: Client, specs: readonly ScheduleSpec[]): Promise<void> {
  for (const { type, everySeconds, args, summary } of specs) {
    const described = {
      spec: { intervals: [{ every: everySeconds * 1_000 }], jitter: Math.min(everySeconds * 100, 5_000) },
      action: {
        type: 'startWorkflow' as const, workflowType: type, workflowId: type, taskQueue: CONTROL_QUEUE, args: [...args],
        workflowExecutionTimeout: '10m', staticSummary: summary,
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' },
    };
    try {
      await client.schedule.create({ scheduleId: type, ...described });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await client.schedule.getHandle(type).update((previous) => ({ ...described, state: previous.state }));
    }
  }
}

/** Whether each of them is there, with its interval. An update that changes nothing would wake Temporal's own workflow of it. */
export async function areScheduled(client: Client, specs: readonly ScheduleSpec[]): Promise<boolean> {
  for (const { type, everySeconds } of specs) {
    try {
      const { spec } = await client.schedule.getHandle(type).describe();
      if (spec.intervals?.length !== 1 || spec.intervals[0]!.every !== everySeconds * 1_000) return false;
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return false;
      throw error;
    }
  }
  return true;
}

/** Remove a schedule that this version has no more. Not being there is as good. */
export async function removeSchedule(client: Client, type: string): Promise<void> {
  await client.schedule.getHandle(type).delete().catch((error: unknown) => {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  });
}
