import type { Client } from '@temporalio/client';
import type { PlatformActivities } from '../../activities/platform/index.ts';
import type { Log } from '../log.ts';
import type { Pool } from '../database/pool.ts';
import { judgeServer } from '../domain/database-state.ts';
import { bundledWorkflows, bundleDirectory } from '../temporal/bundle.ts';
import type { TemporalConfig } from '../temporal/client.ts';
import { startHealthKeeping } from './health-keeping.ts';
import { startHousekeeping } from './housekeeping.ts';
import { type Judging, startJudge } from './judge/loop.ts';
import { startPolling } from './polling.ts';
import { startReaper } from './reaper.ts';
import { installRuntime } from './runtime.ts';
import { startSchedules } from './schedules.ts';
import { startSealer } from './sealer.ts';
import { startSweep } from './sweep.ts';

export interface Control {
  /** Rejects when it cannot go on: this version's workflows do not fit the open runs. */
  readonly done: Promise<void>;
  /** Lets steps that are under way end, then stops every part. */
  shutdown(): Promise<void>;
}

export interface ControlParts {
  readonly config: TemporalConfig;
  /** The platform's database: for queries, and for listeners of their own. */
  readonly pool: Pool;
  readonly url: string;
  readonly client: Client;
  readonly activities: PlatformActivities;
  readonly log: Log;
  /** The bundled workflows; made when they are needed, and kept in this user's cache, unless given. */
  readonly codePath?: () => Promise<string>;
  /** Nobody asks databases directly unless given. */
  readonly askDatabases?: Judging['askDatabases'];
  /** Nobody asks containers for tracebacks unless given. */
  readonly askTraceback?: Judging['askTraceback'];
  /** Other paces than the usual ones. */
  readonly pace?: { readonly reaper?: { readonly everyMs: number; readonly quietMs: number } };
}

const cached = () => bundledWorkflows(bundleDirectory());
const nobodyAsks: Judging['askDatabases'] = async (servers) => servers.map((server) => judgeServer(server, null));

/** The control worker's parts, each starting, failing and trying again on its own. */
export function startControl({ config, pool, url, client, activities, log, codePath = cached, askDatabases = nobodyAsks, askTraceback = async () => null, pace }: ControlParts): Control {
  installRuntime(log);
  const polling = startPolling({ config, client, codePath, activities, pool, log });
  const housekeeping = startHousekeeping({ pool, log });
  const parts = [
    startSweep({ client, pool, url, log }),
    startReaper({ client, pool, log, onEnded: housekeeping.wake, ...pace?.reaper }),
    startSealer({ pool, log }),
    startHealthKeeping({ pool, log }),
    startJudge({ pool, log, askDatabases, askTraceback }),
    startSchedules({ client, pool, url, log }),
    housekeeping,
  ];
  const stopParts = () => Promise.all(parts.map((part) => part.stop()));
  const done = polling.done.finally(stopParts);
  // Also where no one waits for it yet; whoever does gets the error.
  done.catch(() => {});
  return {
    done,
    async shutdown() {
      await Promise.all([polling.stop(), stopParts()]);
    },
  };
}
