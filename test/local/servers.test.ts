import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import { findHome, openHome } from '../../src/local/home.ts';
import { choosePort, isPortFree, PortTakenError } from '../../src/local/ports.ts';
import { startPostgres } from '../../src/local/postgres.ts';
import { identify } from '../../src/process/identity.ts';
import { type Installed, SetupError, setUp } from '../../src/local/setup/index.ts';
import { startTemporal } from '../../src/local/temporal.ts';
import { failureLine } from '../../src/local/up/failure.ts';
import { until } from './wait.ts';

const scratch = mkdtempSync(join(tmpdir(), 'reeve-servers-'));
chmodSync(scratch, 0o755);
// Programs are those of this clone; all state is in a home of its own.
const home = { ...findHome({ root: join(scratch, 'home') }), toolsDir: findHome().toolsDir };
let installed: Installed;

before(async () => {
  openHome(home);
  installed = await setUp(home, () => {});
});
after(() => {
  rmSync(scratch, { recursive: true, force: true });
  rmSync(home.runDir, { recursive: true, force: true });
});

const dataDir = join(home.root, 'postgres', 'platform');
const socketDir = join(home.runDir, 'pg');
/** Stopped at the end of the test, however it ends: a server that runs would keep this process waiting for ever. */
async function stopped<T extends { stop(): Promise<void> }>(t: TestContext, starting: Promise<T>): Promise<T> {
  const server = await starting;
  t.after(() => server.stop());
  return server;
}

const port = async (name: string) => (await choosePort(home, name, 27_400)).port;

async function query(url: string, sql: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return Object.values((await client.query(sql)).rows[0] ?? {})[0] as string;
  } finally {
    await client.end();
  }
}

test('Postgres keeps what was committed, over a clean stop and over being killed', async (t) => {
  const first = await stopped(t, startPostgres({ installed, dataDir, port: await port('postgres'), socketDir }));
  await query(first.url, 'CREATE TABLE kept (word text)');
  await query(first.url, "INSERT INTO kept VALUES ('one')");
  assert.equal(await query(first.url, 'SHOW fsync'), 'on');
  const pid = first.process.pid as number;
  await first.stop();
  assert.equal(identify(pid), null);
  assert.ok(await isPortFree(first.port));

  const second = await stopped(t, startPostgres({ installed, dataDir, port: first.port, socketDir, settings: { max_connections: 50 } }));
  assert.equal(await query(second.url, 'SHOW max_connections'), '50');
  await query(second.url, "UPDATE kept SET word = 'two'");
  const killed = second.process.pid as number;
  process.kill(killed, 'SIGKILL');
  await until('it runs again', async () => second.process.pid !== killed && (await query(second.url, 'SELECT word FROM kept').catch(() => '')) === 'two');
  await second.stop();
});

test('its superuser’s password is needed, also on the socket, and kept for this user alone', async (t) => {
  const server = await stopped(t, startPostgres({ installed, dataDir, port: await port('postgres'), socketDir }));
  const wrong = new URL(server.url);
  wrong.password = 'wrong';
  await assert.rejects(query(wrong.toString(), 'SELECT 1'), { code: '28P01' });
  const bySocket = { host: server.socketDir, port: server.port, user: 'reeve', database: 'postgres' };
  const client = new Client({ ...bySocket, password: 'wrong' });
  await assert.rejects(client.connect(), { code: '28P01' });
  const good = new Client({ ...bySocket, password: new URL(server.url).password });
  await good.connect();
  await good.end();
  assert.equal(statSync(join(home.root, 'postgres', 'secrets', 'postgres-platform')).mode & 0o777, 0o600);
  await server.stop();
});

test('as root, where there is no user for it, it runs as a number without an account', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('not root');
  const user = { name: '61800', uid: 61_800, gid: 61_800 };
  const without = { postgres: { ...installed.postgres, user } };
  const options = { installed: without, dataDir: join(home.root, 'postgres', 'numbered'), port: await port('numbered'), socketDir: join(home.runDir, 'n') };
  const server = await stopped(t, startPostgres(options));
  assert.equal(statSync(join(options.dataDir, 'PG_VERSION')).uid, user.uid);
  assert.match(await query(server.url, 'SELECT version()'), /PostgreSQL 18/);
  await server.stop();
});

test('a port that is taken is told as such, and nothing is left running', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const taken = (holder.address() as { port: number }).port;
  await assert.rejects(startPostgres({ installed, dataDir, port: taken, socketDir }), PortTakenError);
  const temporal = { installed, dbFile: join(home.root, 'temporal.db'), uiPort: await port('ui'), namespace: 'reeve', searchAttributes: {} };
  await assert.rejects(startTemporal({ ...temporal, port: taken }), PortTakenError);
  holder.close();
});

test('Temporal keeps its state in a file, shows its UI, and gains search attributes later', async (t) => {
  const options = { installed, dbFile: join(home.root, 'temporal.db'), port: await port('temporal'), uiPort: await port('ui'), namespace: 'reeve' };
  const first = await stopped(t, startTemporal({ ...options, searchAttributes: { SiteId: 'Keyword' } }));
  assert.equal((await fetch(first.uiUrl as string)).status, 200);
  const pid = first.process?.pid as number;
  await first.stop();
  assert.equal(identify(pid), null);

  const second = await stopped(t, startTemporal({ ...options, searchAttributes: { SiteId: 'Keyword', Outcome: 'Keyword' } }));
  const connection = await Connection.connect({ address: second.address });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'reeve' });
  await connection.close();
  assert.deepEqual(Object.keys(customAttributes ?? {}).sort(), ['Outcome', 'SiteId']);
  await second.stop();
});

test('a server that does not come up is told in one line with its log; what set-up’s tools said is kept', async () => {
  const broken = join(home.root, 'broken');
  const options = { installed, dataDir: join(broken, 'platform'), port: await port('broken'), socketDir: join(home.runDir, 'b'), settings: { shared_buffers: 'many' } };
  const error = await startPostgres(options).then(() => null, (thrown) => thrown);
  const line = failureLine(error, home.logsDir)!;
  assert.match(line, /^Postgres does not start; its log is \/.*postgres-platform\.log: .*shared_buffers.*$/);

  const temporal = { installed: { temporal: { binary: '/bin/false' } }, dbFile: join(broken, 'temporal.db'), port: await port('broken-t'), uiPort: await port('broken-ui') };
  const other = await startTemporal({ ...temporal, namespace: 'reeve', searchAttributes: {} }).then(() => null, (thrown) => thrown);
  assert.match(failureLine(other, home.logsDir)!, /^Temporal does not answer at 127\.0\.0\.1:\d+; its log is \/.*\.log$/);

  const said = failureLine(new SetupError('Python packages', 'pip failed: check the proxy', { tail: 'ERROR: No matching distribution\nfor uwsgi' }), home.logsDir)!;
  assert.match(said, /^pip failed: check the proxy; what it said itself is in \/.*set-up\.log$/);
  const kept = said.split(' in ').at(-1)!;
  assert.match(readFileSync(kept, 'utf8'), /Python packages: pip failed.*\nERROR: No matching distribution\nfor uwsgi\n$/);
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  assert.equal(failureLine(new TypeError('a mistake of ours'), home.logsDir), null);
});
