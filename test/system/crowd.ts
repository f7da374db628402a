/** Many agents, and somebody at the API, for tests of what the platform's Postgres and API bear. */
import { createLoop } from '../../src/agent/reconcile/loop.ts';
import { desiredReader } from '../../src/agent/reconcile/read.ts';
import type { LastKnownGood } from '../../src/agent/state/last-known-good.ts';
import { listen } from '../../src/database/listen.ts';
import { newId } from '../../src/database/new-id.ts';
import { createPool } from '../../src/database/pool.ts';
import { createLog } from '../../src/log.ts';
import { moment } from '../moment.ts';
import type { Platform } from './platform.ts';

/** What every agent does with Postgres: it listens, and reads what changed, when it connects, hears of it, and now and then. */
export function simulatedAgent(url: string): { generation(): number; close(): Promise<void> } {
  const quiet = createLog({}, () => {});
  const name = `reeve agent ${newId('c')}`;
  const own = createPool(url, { name, max: 1 });
  const nowhere: LastKnownGood = {
    load: () => null, save() {}, wantsFolding: () => false, fold() {}, savedAt: () => null, forget() {}, mark: () => '', touchedSince: () => null,
  };
  const reader = desiredReader(own, nowhere, quiet, () => loop.request(), () => {});
  const loop = createLoop({
    intervalMs: 15_000, onError() {},
    async pass() {
      await reader.refresh(() => {});
      return { againInMs: null };
    },
  });
  const listening = listen({
    url, name: `${name} listen`, channels: ['reeve'], onMessage: () => loop.request(),
    onConnect() {
      reader.compareAll();
      loop.request();
    },
  });
  return {
    generation: () => reader.current()?.generation ?? 0,
    async close() {
      await Promise.all([listening.close(), loop.close()]);
      await own.end();
    },
  };
}

/** Requests to the API, one after the other. */
export function askAllTheTime({ api }: Pick<Platform, 'api'>, paths: readonly string[]): { stop(): Promise<{ count: number; failed: string[] }> } {
  let going = true;
  let count = 0;
  const failed: string[] = [];
  const done = (async () => {
    while (going) {
      const path = paths[count % paths.length]!;
      await api.request('GET', path).catch((error: Error) => failed.push(`${path}: ${error.message}`));
      count += 1;
      await moment(20);
    }
  })();
  return {
    async stop() {
      going = false;
      await done;
      return { count, failed };
    },
  };
}
