/** A Postgres server for one check of a codebase, gone after it: trying migrations needs no running platform. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { SiteFileDatabase } from '../../domain/site-file.ts';
import type { Home } from '../../local/home.ts';
import { choosePort, startOnFreePort } from '../../local/ports.ts';
import { type RunningPostgres, startPostgres } from '../../local/postgres.ts';
import type { Installed } from '../../local/setup/index.ts';

/** Beside the platform's own servers, and those of tests. */
const FROM_PORT = 25_900;

/** For `checkCodebase`: a fresh database and a role without any other right, for as long as `use` runs. */
export async function withTrialDatabase<T>(
  home: Home, installed: Pick<Installed, 'postgres'>, use: (database: SiteFileDatabase) => Promise<T>,
): Promise<T> {
  mkdirSync(home.runDir, { recursive: true });
  const scratch = mkdtempSync(join(home.runDir, 'check-'));
  // Postgres's own user has to get through to its data; the data itself is its own.
  chmodSync(scratch, 0o711);
  try {
    const server = await start(scratch, installed);
    try {
      return await use(await makeDatabase(server));
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function start(scratch: string, installed: Pick<Installed, 'postgres'>): Promise<RunningPostgres> {
  const ports = { portsFile: join(scratch, 'ports.json') };
  let { port } = await choosePort(ports, 'trial', FROM_PORT);
  return await startOnFreePort(
    () => startPostgres({
      installed, port,
      dataDir: join(scratch, 'data'),
      secretsDir: join(scratch, 'secrets'),
      socketDir: join(scratch, 'socket'),
      // It is thrown away: nothing waits for the disk.
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 20 },
    }),
    async (taken) => { port = (await choosePort(ports, 'trial', taken)).port; },
  );
}

/** As the platform does for a site: the role that migrates owns the database and can do nothing else. */
async function makeDatabase(server: RunningPostgres): Promise<SiteFileDatabase> {
  const password = randomBytes(16).toString('hex');
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    await client.query(`create role trial login password '${password}'`);
    await client.query('create database trial owner trial');
  } finally {
    await client.end();
  }
  return { host: '127.0.0.1', port: server.port, name: 'trial', user: 'trial', password };
}
