import { proxyActivities } from '@temporalio/workflow';

/** A workflow that passes one call on to a container's queue. */
export async function passOn(queue: string, name: string, input: unknown): Promise<unknown> {
  const activities = proxyActivities<Record<string, (input: unknown) => Promise<unknown>>>({
    taskQueue: queue, scheduleToStartTimeout: '10s', startToCloseTimeout: '2m', retry: { maximumAttempts: 1 },
  });
  return await activities[name]!(input);
}
