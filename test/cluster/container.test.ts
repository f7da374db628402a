/** A whole container, launched by the steps: supervisor, agent, nginx and emperor, which joins the platform, and ends. */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { containerActivities } from '../../activities/platform/container.ts';
import { identify, type ProcessIdentity } from '../../src/agent/supervise/processes.ts';
import type { LocalFile } from '../../src/cluster/local-file.ts';
import { createProcessDriver } from '../../src/cluster/process.ts';
import { readContainer } from '../../src/cluster/rows.ts';
import { grantAgentRole } from '../../src/database/agent-role.ts';
import { commitChange } from '../../src/database/change.ts';
import { claimRun, finishRun, requestRun } from '../../src/database/run.ts';
import { type TestDatabase, testDatabase } from '../postgres.ts';
import { asStepOf } from '../sites/activity.ts';
import { id } from '../sites/server.ts';
import { containerId, until } from './contract.ts';

const ACTOR = { kind: 'token', id: 'k000000000', name: 'test' } as const;
const { REEVE_TEST_TOOLS_VENV: toolsVenv, REEVE_TEST_NGINX: nginx } = process.env;
const ready = toolsVenv && nginx ? false : 'run it with `npm test`, which brings nginx and uWSGI';

// Short: sockets are below it.
const directory = mkdtempSync(join(tmpdir(), 'rc-'));
chmodSync(directory, 0o711);
let platform: TestDatabase;
let local: LocalFile;
let steps: ReturnType<typeof containerActivities>;

before(async () => {
  platform = await testDatabase();
  const role = `agent_${id('c')}`;
  await grantAgentRole(platform.pool, role, 'agent');
  const agentUrl = new URL(platform.url);
  agentUrl.username = role;
  agentUrl.password = 'agent';
  await commitChange(platform.pool, {
    actor: ACTOR, type: 'test', metadata: {}, writes: [{ table: 'platform', op: 'update', values: { settings: {
      baseDomain: 'localhost', publicScheme: 'http', publicPort: 8080, cacheUrl: null, s3: null, ownership: 'none', trustedProxies: [] } } }],
  });
  const sitesKeyFile = join(directory, 'sites.key');
  writeFileSync(sitesKeyFile, Buffer.alloc(32, 7).toString('hex'), { mode: 0o600 });
  local = {
    home: join(directory, 'home'), runDir: join(directory, 'run'), node: process.execPath, toolsVenv: toolsVenv!, nginx: nginx!,
    nginxUser: null, firstUid: null, agentDatabaseUrl: agentUrl.href, sitesKeyFile, releasesDir: join(directory, 'releases'),
    storesDir: join(directory, 'stores'), temporal: { address: process.env.REEVE_TEST_TEMPORAL_ADDRESS ?? '127.0.0.1:9', namespace: 'default' },
    python: { path: '/usr/bin/python3', version: '3' }, edgeListen: { addresses: ['127.0.0.1'], port: 28_280 }, containerPorts: { from: 28_200, to: 28_249 }, trusted: ['127.0.0.1'],
  };
  steps = containerActivities({ pool: platform.pool, url: platform.url, driver: createProcessDriver({ local }) });
});

after(async () => {
  const driver = createProcessDriver({ local, graceMs: 5_000 });
  for (const one of await driver.list()) {
    await driver.end({ id: one.id, incarnation: (await readContainer(platform.pool, one.id))?.incarnation ?? 0 });
  }
  await platform.pool.query(`drop owned by ${new URL(local.agentDatabaseUrl).username}`);
  await platform.pool.query(`drop role ${new URL(local.agentDatabaseUrl).username}`);
  await platform.drop();
  rmSync(directory, { recursive: true, force: true });
});

async function startRun(): Promise<string> {
  const run = id('w');
  await requestRun(platform.pool, { id: run, type: 'launchContainer', subject: 'test:test', input: {}, locks: [] }, ACTOR);
  await claimRun(platform.pool, run, 'test');
  return run;
}

const rootOf = (container: string) => join(local.home, 'containers', container);
const pidsOf = (container: string) => {
  const { supervisor, siblings } = JSON.parse(readFileSync(join(rootOf(container), 'pids.json'), 'utf8'));
  return [supervisor, ...Object.values(siblings)] as ProcessIdentity[];
};

test('a container is launched once, joins, drains, and ends with nothing left', { skip: ready }, async () => {
  const run = await startRun();
  const container = containerId();
  await asStepOf(run, () => steps.launch({ container, slot: 'one' }));
  await asStepOf(run, () => steps.launch({ container, slot: 'one' }));
  const { incarnation } = await asStepOf(run, () => steps.awaitReady({ container }));
  assert.equal(incarnation, 1);
  const pids = pidsOf(container);
  assert.ok(pids.length >= 3, `only ${pids.length} processes`);
  assert.deepEqual(pids.map((one) => identify(one.pid)?.start), pids.map((one) => one.start));

  const other = containerId();
  await assert.rejects(asStepOf(run, () => steps.launch({ container: other, slot: 'one' })), { type: 'superseded' });
  await assert.rejects(asStepOf(run, () => steps.end({ container, incarnation: 9 })), { type: 'superseded' });
  assert.equal((await readContainer(platform.pool, container))?.wanted, 'running');

  await asStepOf(run, () => steps.drain({ container, incarnation }));
  await asStepOf(run, () => steps.drain({ container, incarnation }));
  assert.equal((await readContainer(platform.pool, container))?.state, 'draining');
  assert.deepEqual((await platform.pool.query('select id from member_v1')).rows, []);
  await asStepOf(run, () => steps.end({ container, incarnation }));
  await asStepOf(run, () => steps.end({ container, incarnation }));
  assert.deepEqual(pids.filter((one) => identify(one.pid)?.start === one.start), []);
  const row = await readContainer(platform.pool, container);
  assert.deepEqual({ wanted: row?.wanted, state: row?.state, alive: row?.alive }, { wanted: 'ended', state: 'ended', alive: false });
  assert.deepEqual(readdirSync(join(local.home, 'containers')).filter((name) => name.includes(container)), []);
  assert.ok(!existsSync(join(local.runDir, container)));
  await assert.rejects(asStepOf(run, () => steps.launch({ container, slot: 'one' })), { type: 'superseded' });
});

test('a killed one is launched again as its next incarnation, and a stale end is refused', { skip: ready }, async () => {
  const run = await startRun();
  const container = containerId();
  await asStepOf(run, () => steps.launch({ container, slot: 'two' }));
  await asStepOf(run, () => steps.awaitReady({ container }));
  const before = pidsOf(container);
  // The supervisor alone, as the kernel kills one: its children go on, and serve.
  process.kill(before[0]!.pid, 'SIGKILL');
  await until(() => identify(before[0]!.pid)?.start !== before[0]!.start);
  await asStepOf(run, () => steps.launch({ container, slot: 'two' }));
  await until(async () => (await readContainer(platform.pool, container))?.incarnation === 2);
  await asStepOf(run, () => steps.awaitReady({ container }));
  assert.deepEqual(before.filter((one) => identify(one.pid)?.start === one.start), [], 'the first one’s children');
  await assert.rejects(asStepOf(run, () => steps.end({ container, incarnation: 1 })), { type: 'superseded' });
  const now = pidsOf(container);
  await asStepOf(run, () => steps.end({ container, incarnation: 2 }));
  assert.deepEqual(now.filter((one) => identify(one.pid)?.start === one.start), []);
});

test('what one says beyond 10 MiB is kept once and begun anew, by supervisor and agent too, which have it open', { skip: ready }, async () => {
  const run = await startRun();
  const container = containerId();
  await asStepOf(run, () => steps.launch({ container, slot: 'loud' }));
  const { incarnation } = await asStepOf(run, () => steps.awaitReady({ container }));
  const log = join(rootOf(container), 'log/supervisor.log');
  appendFileSync(log, `${'.'.repeat(10 * 1024 * 1024)}\n`);
  await until(async () => {
    await platform.pool.query("select pg_notify('reeve', '{}')");
    return existsSync(`${log}.1`) && statSync(log).size < 10_000;
  });
  assert.match(readFileSync(`${log}.1`, 'utf8'), /"child started".*\n\.+\n/s);
  const { siblings } = JSON.parse(readFileSync(join(rootOf(container), 'pids.json'), 'utf8'));
  process.kill(siblings.agent.pid, 'SIGKILL');
  await until(() => /"child ended".*"part":"agent"/s.test(readFileSync(log, 'utf8')));
  for (const line of readFileSync(log, 'utf8').trimEnd().split('\n')) assert.ok(JSON.parse(line), line);
  await asStepOf(run, () => steps.end({ container, incarnation }));
});

test('waiting for one that cannot become ready ends at once, with what it said', { skip: ready }, async () => {
  const run = await startRun();
  const container = containerId();
  const driver = createProcessDriver({ local, command: ['/bin/sh', '-c', 'echo the disk is full >&2; exit 1'] });
  const broken = containerActivities({ pool: platform.pool, url: platform.url, driver });
  await asStepOf(run, () => broken.launch({ container, slot: 'three' })).catch(() => {});
  await until(async () => (await driver.inspect(container))?.running === false);
  await assert.rejects(asStepOf(run, () => broken.awaitReady({ container })),
    (error: { type?: string; message: string }) => error.type === 'step-failed' && /the disk is full/.test(error.message));
  await asStepOf(run, () => broken.end({ container, incarnation: 0 }));
  assert.equal(await driver.inspect(container), null);
});

test('a launch that comes after its run is over makes nothing', { skip: ready }, async () => {
  const run = await startRun();
  const container = containerId();
  await finishRun(platform.pool, run, 'cancelled', {});
  await assert.rejects(asStepOf(run, () => steps.launch({ container, slot: 'four' })), { type: 'superseded' });
  assert.equal(await readContainer(platform.pool, container), null);
  assert.ok(!existsSync(rootOf(container)));
});
