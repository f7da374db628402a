import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import type { PlatformActivities } from '../../activities/platform/index.ts';
import { type Log, messageOf } from '../log.ts';
import type { Pool } from '../database/pool.ts';
import type { TemporalConfig } from '../temporal/client.ts';
import { ensureSearchAttributes } from '../temporal/search-attributes.ts';
import { createWorker, replayOpen } from '../temporal/worker.ts';

export interface Polling {
  /** Settles when it was stopped; rejects when this version's workflows do not fit the open runs. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

const RETRY_FROM_MS = 250;
const RETRY_TO_MS = 10_000;

/**
 * Keep one worker on the control queue: made when Temporal is there, made anew when its connection ends for good. Before
 * the first one polls, the open runs are replayed with this version's workflows.
 */
export function startPolling({ config, client, codePath, activities, pool, log }: {
  config: TemporalConfig; client: Client; codePath: () => Promise<string>; activities: PlatformActivities; pool: Pool; log: Log;
}): Polling {
  const stopping = new AbortController();
  let worker: Worker | undefined;

  const keep = async () => {
    let wait = RETRY_FROM_MS;
    let trouble: string | null = null;
    let checked = false;
    const path = await codePath();
    while (!stopping.signal.aborted) {
      try {
        const made = await createWorker({
          config, codePath: path, activities, pool,
          onRecordError: (error) => log.warn('step not recorded', { error: messageOf(error) }),
        });
        try {
          if (!checked) {
            await ensureSearchAttributes(client);
            log.info('open runs fit', { replayed: await replayOrRefuse(client, path) });
            checked = true;
          }
          worker = made.worker;
          log.info('worker', { was: trouble ?? 'none', now: 'polling' });
          trouble = null;
          wait = RETRY_FROM_MS;
          if (stopping.signal.aborted) break;
          await worker.run();
        } finally {
          if (made.worker.getState() === 'INITIALIZED') await neverRun(made.worker);
          worker = undefined;
          await made.connection.close().catch(() => {});
        }
      } catch (error) {
        if (error instanceof Refused) throw error.cause;
        const now = messageOf(error);
        if (now !== trouble) log.warn('worker', { was: trouble ?? 'polling', now });
        trouble = now;
      }
      if (stopping.signal.aborted) break;
      await delay(wait * (0.5 + Math.random()), undefined, { signal: stopping.signal }).catch(() => {});
      wait = Math.min(wait * 2, RETRY_TO_MS);
    }
  };

  const done = keep();
  return {
    done,
    async stop() {
      stopping.abort();
      if (worker?.getState() === 'RUNNING') worker.shutdown();
      await done.catch(() => {});
    },
  };
}

/** Ends the process, where everything else is tried again. */
class Refused extends Error {}

async function replayOrRefuse(client: Client, path: string): Promise<number> {
  const replayed = await replayOpen(client, path);
  if (replayed.wrong !== null) throw new Refused('refused', { cause: replayed.wrong });
  return replayed.count;
}

/** A worker that never ran holds its connection until it has been run and shut down. */
async function neverRun(worker: Worker): Promise<void> {
  await worker.runUntil(async () => {}).catch(() => {});
}
