/** The real API on a real database, with runs done as they are asked for, and the environment that points `reeve` at it. */
import { type Client, createClient } from '../../src/api/client.ts';
import type { RunType } from '../../src/domain/run.ts';
import { startApi, type TestApi } from '../api/harness.ts';
import { type Ended, reeve } from './program.ts';
import { createWorker } from './worker.ts';

export interface Platform {
  readonly api: TestApi;
  readonly env: Readonly<Record<string, string>>;
  /** Arranges, and looks at what a command did, without the start of another one. */
  readonly client: Client;
  /** `reeve …` against it. */
  run(...args: string[]): Promise<Ended>;
  /** The same with --json; its output, read. @throws when it fails */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
  json(...args: string[]): Promise<any>;
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** @param failing types of runs that fail at their third step */
export async function startPlatform(failing: ReadonlySet<RunType> = new Set()): Promise<Platform> {
  const worker = createWorker(() => api.database.pool, failing);
  const api: TestApi = await startApi({ startRun: worker.startRun });
  const env = { REEVE_API: api.url, REEVE_TOKEN: api.token };
  const run = (...args: string[]) => reeve(args, env);
  return {
    api, env, run, client: createClient({ api: api.url, token: api.token }),
    async json(...args) {
      const ended = await run(...args, '--json');
      if (ended.code !== 0) throw new Error(`reeve ${args.join(' ')} ended with ${ended.code}: ${ended.stderr}`);
      return JSON.parse(ended.stdout);
    },
    idle: worker.idle,
    async close() {
      await worker.idle();
      await api.close();
    },
  };
}
