import type { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { PlatformActivities } from '../../activities/platform/index.ts';
import { ReeveError } from '../domain/errors.ts';
import type { Pool } from '../database/pool.ts';
import { type TemporalConfig, connectionSettings } from './client.ts';
import { activityInterceptors } from './interceptors/activity.ts';
import { CONTROL_QUEUE } from './names.ts';

/** Longer than a step usually takes, and well under the 20 s after which a person's Ctrl-C kills; the rest is tried again. */
const SHUTDOWN_GRACE = '8s';

/** One worker on the control queue, connected anew. @throws when Temporal is away, or does not know the namespace */
export async function createWorker({ config, codePath, activities, pool, onRecordError }: {
  config: TemporalConfig; codePath: string; activities: PlatformActivities; pool: Pool; onRecordError: (error: unknown) => void;
}): Promise<{ worker: Worker; connection: NativeConnection }> {
  const { connection: settings, namespace } = connectionSettings(config);
  const connection = await NativeConnection.connect(settings as Parameters<typeof NativeConnection.connect>[0]);
  try {
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: CONTROL_QUEUE,
      workflowBundle: { codePath },
      activities,
      shutdownGraceTime: SHUTDOWN_GRACE,
      maxConcurrentActivityTaskExecutions: 40,
      interceptors: { activity: [activityInterceptors(pool, onRecordError)] },
    } satisfies WorkerOptions);
    return { worker, connection };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** More open workflows than this are not replayed: the first ones of each type say as much. */
const REPLAYED = 200;

/**
 * Replay the histories of the queue's open workflows with this code, before polling: a worker whose code does not fit
 * them would break each of them.
 * @returns how many were replayed, and an error that names those that do not fit
 * @throws when Temporal cannot be asked
 */
export async function replayOpen(client: Client, codePath: string): Promise<{ count: number; wrong: ReeveError | null }> {
  const query = `TaskQueue = '${CONTROL_QUEUE}' AND ExecutionStatus = 'Running'`;
  async function* histories() {
    let count = 0;
    for await (const { workflowId, runId } of client.workflow.list({ query, pageSize: REPLAYED })) {
      if (++count > REPLAYED) return;
      // One that ended meanwhile and is gone has nothing to say.
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory().catch(() => null);
      if (history) yield { workflowId, history };
    }
  }
  let count = 0;
  const wrong: { run: string; error: Error }[] = [];
  const replays = Worker.runReplayHistories({ workflowBundle: { codePath }, replayName: 'open-runs' }, histories());
  for await (const { workflowId, error } of replays) {
    count += 1;
    if (error) wrong.push({ run: workflowId, error });
  }
  return { count, wrong: wrong.length === 0 ? null : misfit(wrong) };
}

function misfit(wrong: readonly { run: string; error: Error }[]): ReeveError {
  const runs = wrong.map(({ run }) => run);
  return new ReeveError('internal', `this version’s workflows do not fit ${runs.length} open runs (${runs.slice(0, 5).join(', ')}): ` +
    `patch them, or let the former version finish them. The first says: ${wrong[0]!.error.message}`, { runs }, wrong[0]!.error);
}
