/** An activity-only Temporal worker on this incarnation's queue. It starts and fails on its own: the rest goes on without. */
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { connectionSettings } from '../temporal/client.ts';
import { containerQueue } from '../temporal/names.ts';
import { type Log, messageOf } from '../log.ts';

export interface ContainerWorker {
  isPolling(): boolean;
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** Longer than an activity takes. */
const GRACE = '20s';
let quiet = false;

export function startWorker(options: {
  temporal: { address: string; namespace: string };
  container: string;
  incarnation: number;
  activities: object;
  log: Log;
}): ContainerWorker {
  const { temporal, container, incarnation, log } = options;
  let worker: Worker | null = null;
  let closed = false;
  let wake = () => {};
  if (!quiet) Runtime.install({ logger: { log() {}, trace() {}, debug() {}, info() {}, warn: (m) => log.warn(m), error: (m) => log.warn(m) } });
  quiet = true;

  async function runOnce(): Promise<void> {
    const { connection: settings, namespace } = connectionSettings({
      TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace,
    });
    const connection = await NativeConnection.connect(settings as Parameters<typeof NativeConnection.connect>[0]);
    try {
      worker = await Worker.create({
        connection, namespace, taskQueue: containerQueue(container, incarnation), activities: options.activities,
        // One poller an agent: polls are counted per namespace (TEMPORAL.md).
        maxConcurrentActivityTaskPolls: 1, maxConcurrentActivityTaskExecutions: 8, shutdownGraceTime: GRACE,
        identity: `${container}-${incarnation}`,
      });
      log.info('worker polls', { queue: containerQueue(container, incarnation) });
      await worker.run();
    } finally {
      worker = null;
      await connection.close();
    }
  }

  async function keepRunning(): Promise<void> {
    let delay = FIRST_RETRY_MS;
    let said = false;
    while (!closed) {
      const started = performance.now();
      await runOnce().catch((error) => {
        if (!said) log.warn('the worker ended', { error: messageOf(error) });
        said = true;
      });
      if (closed) return;
      if (performance.now() - started > LONGEST_RETRY_MS) { delay = FIRST_RETRY_MS; said = false; }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, delay * (0.5 + Math.random()));
        wake = () => { clearTimeout(timer); resolve(); };
      });
      delay = Math.min(LONGEST_RETRY_MS, delay * 2);
    }
  }

  const finished = keepRunning();
  return {
    isPolling: () => worker !== null,
    async close() {
      closed = true;
      wake();
      try { worker?.shutdown(); } catch { /* it is ending already */ }
      await finished;
    },
  };
}
