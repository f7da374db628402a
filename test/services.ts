/** What all test files share: one Postgres server and one Temporal server, each file with databases and ids of its own. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createProcesses } from '../src/local/processes.ts';
import { choosePort, startOnFreePort } from '../src/local/ports.ts';
import { startPostgres } from '../src/local/postgres.ts';
import type { Installed } from '../src/local/setup/installed.ts';
import { startTemporal } from '../src/local/temporal.ts';
import { SEARCH_ATTRIBUTES } from '../src/temporal/search-attributes.ts';

const FROM_PORTS: Readonly<Record<string, number>> = { postgres: 25_400, temporal: 25_600, 'temporal-ui': 25_700 };

export interface Services {
  /** REEVE_TEST_POSTGRES_URL (a superuser's, to `postgres`), REEVE_TEST_TEMPORAL_ADDRESS, and where things were found. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Start both below `scratch`, on ports that nothing else has.
 * @throws when one does not come up; the other is stopped then
 */
export async function startServices(installed: Installed, scratch: string): Promise<Services> {
  // Postgres's own user has to get through to its data.
  chmodSync(scratch, 0o711);
  const directory = (name: string) => {
    mkdirSync(join(scratch, name), { recursive: true });
    return join(scratch, name);
  };
  const processes = await createProcesses({ recordsDir: directory('processes'), logsDir: directory('logs') });
  const port: Record<string, number> = {};
  const choose = async (names: readonly string[]) => {
    for (const name of names) port[name] = (await choosePort({ portsFile: join(scratch, 'ports.json') }, name, FROM_PORTS[name]!)).port;
  };
  const instead = (taken: number) => choose(Object.keys(port).filter((name) => port[name] === taken));
  try {
    await choose(Object.keys(FROM_PORTS));
    const postgres = await startOnFreePort(() => startPostgres({
      installed,
      processes,
      dataDir: join(scratch, 'postgres'),
      secretsDir: directory('secrets'),
      socketDir: join(scratch, 'socket'),
      port: port.postgres!,
      // Nothing here outlives the run, so nothing waits for the disk, and nobody tidies up.
      settings: { max_connections: 400, fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' },
    }), instead);
    const temporal = await startOnFreePort(() => startTemporal({
      installed,
      processes,
      dbFile: join(scratch, 'temporal.sqlite'),
      port: port.temporal!,
      uiPort: port['temporal-ui']!,
      namespace: 'default',
      searchAttributes: SEARCH_ATTRIBUTES,
    }), instead);
    return {
      environment: {
        REEVE_TEST_POSTGRES_URL: postgres.url,
        REEVE_TEST_TEMPORAL_ADDRESS: temporal.address,
        REEVE_TEST_TOOLS_VENV: installed.toolsVenv,
        REEVE_TEST_NGINX: installed.nginx.path,
        REEVE_TEST_PYTHON: installed.python.path,
      },
      stop: () => processes.stopAll(),
    };
  } catch (error) {
    await processes.stopAll();
    throw error;
  }
}
