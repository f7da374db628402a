import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Log } from '../log.ts';

let installed = false;

/**
 * The SDK's runtime, once a process: its warnings as our lines. Signals are ours: a worker that stopped by itself at
 * SIGTERM would leave the other parts half stopped.
 */
export function installRuntime(log: Log): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ message, meta }) => log.warn('temporal', { said: message, ...plain(meta) })),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} } },
  });
}

/** What helps to find the run; the rest (stacks, whole inputs) stays in Temporal. */
function plain(meta: Record<string | symbol, unknown> | undefined): Record<string, unknown> {
  const { workflowId, activityType, attempt, error } = (meta ?? {}) as Record<string, unknown>;
  return { run: workflowId, activity: activityType, attempt, error: error instanceof Error ? error.message : undefined };
}
