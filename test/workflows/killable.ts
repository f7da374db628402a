/** A control worker in a process of its own, that is killed at a step. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestPlatform } from './platform.ts';

/**
 * @param killAt the activity; `none` for one that stays
 * @param parts  for one that makes sites' real parts: its configuration and users
 */
export function startKillable({ url, config }: Pick<TestPlatform, 'url' | 'config'>, killAt: string, parts?: object): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL('./worker-process.ts', import.meta.url))], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env, REEVE_TEST_DATABASE: url, REEVE_TEST_NAMESPACE: config.TEMPORAL_NAMESPACE,
      REEVE_TEST_TEMPORAL_ADDRESS: config.TEMPORAL_ADDRESS, REEVE_TEST_KILL_AT: killAt, ...(parts ? { REEVE_TEST_PARTS: JSON.stringify(parts) } : {}),
    },
  });
}

/** What ended it. */
export const exitOf = (child: ChildProcess) => new Promise<NodeJS.Signals | null>((resolve) =>
  child.exitCode !== null || child.signalCode !== null ? resolve(child.signalCode) : child.once('exit', (_, signal) => resolve(signal)));
