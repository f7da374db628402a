/**
 * Databases for tests, on a real server: each a clone of one template that is migrated once a server. The server is the
 * test runner's (REEVE_TEST_POSTGRES_URL, a superuser's); a file that runs alone starts one of its own.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { APP_ROLE, grantAppRole } from '../src/database/app-role.ts';
import { migrate } from '../src/database/migrate.ts';
import { createPool, type Pool } from '../src/database/pool.ts';
import { type OwnServer, startOwnServer } from './postgres-server.ts';

export interface TestDatabase {
  /** A superuser's. */
  readonly url: string;
  readonly pool: Pool;
  /** The application's own role's. */
  readonly appUrl: string;
  /** Close the pool and drop it; with the last one, a server of this process's own stops. */
  drop(): Promise<void>;
}

const APP_PASSWORD = 'app';

let own: Promise<OwnServer> | undefined;
let inUse = 0;

/**
 * A migrated database of this test's own.
 * @param at a server to put it on, for a test that stops it (`startOwnServer`)
 */
export async function testDatabase(at?: string): Promise<TestDatabase> {
  const given = at ?? process.env.REEVE_TEST_POSTGRES_URL;
  if (given === undefined) own ??= startOwnServer();
  const server = given ?? (await own!).url;
  inUse += at === undefined ? 1 : 0;
  const name = `test_${randomBytes(6).toString('hex')}`;
  const template = await migratedTemplate(server);
  await asSuperuser(server, (client) => client.query(`create database ${name} template ${template}`));
  const url = withDatabase(server, name);
  const pool = createPool(url, { name: 'test', max: 20 });
  return {
    url,
    pool,
    appUrl: Object.assign(new URL(url), { username: APP_ROLE, password: APP_PASSWORD }).href,
    async drop() {
      await pool.end();
      await asSuperuser(server, (client) => client.query(`drop database ${name} with (force)`));
      inUse -= at === undefined ? 1 : 0;
      if (inUse > 0 || !own) return;
      const last = own;
      own = undefined;
      await (await last).stop();
    },
  };
}

export { type OwnServer, startOwnServer } from './postgres-server.ts';

/** Named after the migrations' contents, so that a server which outlives an edit makes another. */
async function migratedTemplate(server: string): Promise<string> {
  const directory = new URL('../src/database/migrations/', import.meta.url);
  const hash = createHash('sha256');
  for (const file of readdirSync(directory).sort()) hash.update(readFileSync(new URL(file, directory)));
  const name = `template_${hash.digest('hex').slice(0, 12)}`;
  return await asSuperuser(server, async (client) => {
    // Test files run side by side: one makes it, the others wait.
    await client.query('select pg_advisory_lock(7331999)');
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount) return name;
    await client.query(`drop database if exists ${name}_draft`);
    await client.query(`create database ${name}_draft`);
    const pool = createPool(withDatabase(server, `${name}_draft`), { name: 'test template', max: 1 });
    try {
      await migrate(pool);
      await grantAppRole(pool, APP_ROLE, APP_PASSWORD);
    } finally {
      await pool.end();
    }
    await client.query(`alter database ${name}_draft rename to ${name}`);
    return name;
  });
}

async function asSuperuser<T>(server: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: withDatabase(server, 'postgres') });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
