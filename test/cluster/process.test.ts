import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { identify } from '../../src/agent/supervise/processes.ts';
import type { LocalFile } from '../../src/cluster/local-file.ts';
import { createProcessDriver } from '../../src/cluster/process.ts';
import { containerId, driverContract, until } from './contract.ts';

const directory = mkdtempSync(join(tmpdir(), 'reeve-cluster-'));
const local: LocalFile = {
  home: join(directory, 'home'), runDir: join(directory, 'run'), node: process.execPath, toolsVenv: '/nowhere', nginx: '/nowhere',
  nginxUser: null, firstUid: null, agentDatabaseUrl: 'postgres://agent:secret@127.0.0.1:9/none', sitesKeyFile: '/nowhere',
  releasesDir: join(directory, 'releases'), storesDir: join(directory, 'stores'),
  temporal: { address: '127.0.0.1:9', namespace: 'default' }, python: { path: '/usr/bin/python3', version: '3' }, edgeListen: { addresses: ['127.0.0.1'], port: 28_080 },
  containerPorts: { from: 28_100, to: 28_149 }, trusted: ['127.0.0.1'],
};
const STUBBORN = fileURLToPath(new URL('./stubborn.ts', import.meta.url));
const open = (graceMs = 5_000) => createProcessDriver({ local, command: [process.execPath, STUBBORN], graceMs });
const root = (id: string) => join(local.home, 'containers', id);
const pidOf = (id: string): number => JSON.parse(readFileSync(join(root(id), 'process.json'), 'utf8')).pid;
const childOf = (id: string): number => Number(readFileSync(join(root(id), 'child'), 'utf8'));
const launched = async (id: string, slot: string, driver = open()) => {
  await driver.launch({ id, role: 'site' }, slot);
  await until(() => readFileSync(join(root(id), 'log/supervisor.log'), 'utf8').includes(`ready ${pidOf(id)}`));
};
const end = (id: string, driver = open()) => driver.end({ id, incarnation: 0 });

after(async () => {
  for (const { id } of await open(0).list()) await end(id, open(0));
  rmSync(directory, { recursive: true, force: true });
});

/** By what they were started with, or where they work: also once the directory was moved and removed. */
const processesOf = (id: string) => readdirSync('/proc').filter((pid) => {
  try {
    return /^\d+$/.test(pid) && identify(Number(pid)) !== null
      && `${readFileSync(`/proc/${pid}/cmdline`, 'latin1')} ${readlinkSync(`/proc/${pid}/cwd`)}`.includes(id);
  } catch {
    return false;
  }
});

driverContract('process', () => ({
  open,
  kill: async (id) => {
    process.kill(pidOf(id), 'SIGKILL');
  },
  leftovers: async (id) => [
    ...processesOf(id),
    ...(existsSync(root(id)) ? readdirSync(root(id)) : []),
    ...readdirSync(join(local.home, 'containers')).filter((name) => name.includes(id)),
    ...readdirSync(join(local.home, 'containers/ports')).filter((port) => readFileSync(join(local.home, 'containers/ports', port), 'utf8') === id),
    ...(existsSync(join(local.runDir, id)) ? ['run'] : []),
  ],
}));

test('one that ignores being asked is killed after the grace, with what it started', async () => {
  const id = containerId();
  await launched(id, `stubborn-${id}`);
  const pids = [pidOf(id), childOf(id)];
  await end(id, open(200));
  assert.deepEqual(pids.map(identify), [null, null]);
});

test('what a killed supervisor left behind ends too', async () => {
  const id = containerId();
  await launched(id, `slot-${id}`);
  const child = childOf(id);
  process.kill(pidOf(id), 'SIGKILL');
  await until(async () => (await open().inspect(id))?.running === false);
  assert.notEqual(identify(child), null);
  await end(id);
  assert.equal(identify(child), null);
});

test('what a killed supervisor left behind ends before it starts again', async () => {
  const id = containerId();
  await launched(id, `slot-${id}`);
  const child = childOf(id);
  process.kill(pidOf(id), 'SIGKILL');
  await until(async () => (await open().inspect(id))?.running === false);
  await launched(id, `slot-${id}`);
  assert.equal(identify(child), null);
  assert.notEqual(identify(childOf(id)), null);
  await end(id);
});

test('it outlives the control worker that launched it, killed at once', async () => {
  const id = containerId();
  const script = fileURLToPath(new URL('./launch-and-die.ts', import.meta.url));
  const worker = spawn(process.execPath, [script, JSON.stringify({ local, id, command: [process.execPath, STUBBORN] })], { stdio: 'inherit' });
  await new Promise((resolve) => worker.once('exit', resolve));
  assert.equal(worker.signalCode, 'SIGKILL');
  assert.equal((await open().inspect(id))?.running, true);
  const pid = pidOf(id);
  await launched(id, `slot-${id}`);
  assert.equal(pidOf(id), pid);
  await end(id);
});

test('a process that got the number of a dead one is not touched', async () => {
  const id = containerId();
  await launched(id, `slot-${id}`);
  process.kill(pidOf(id), 'SIGKILL');
  await until(async () => (await open().inspect(id))?.running === false);
  process.kill(childOf(id), 'SIGKILL');
  // This very test, under the number that the record names: only its start tells them apart.
  writeFileSync(join(root(id), 'process.json'), JSON.stringify({ pid: process.pid, start: 'another-boot/1' }));
  assert.equal((await open().inspect(id))?.running, false);
  await end(id, open(0));
  assert.notEqual(identify(process.pid), null);
});

test('one that does not start says why, and its start can be repeated or undone', async () => {
  const id = containerId();
  const broken = createProcessDriver({ local, command: ['/nowhere/node'], graceMs: 100 });
  await assert.rejects(broken.launch({ id, role: 'site' }, `slot-${id}`),
    (error: { type?: string; message: string }) => error.type === 'step-failed' && /\/nowhere\/node/.test(error.message));
  await launched(id, `slot-${id}`);
  await end(id);
  const dying = containerId();
  await open().launch({ id: dying, role: 'site' }, `broken-${dying}`).catch(() => {});
  await until(async () => (await open().inspect(dying))?.running === false);
  assert.deepEqual((await open().inspect(dying))?.lastLines.at(-1), 'the disk is full');
  await end(dying);
});

test('one that has said more than fits into a string hides no other, and its last lines are found', async () => {
  const [loud, quiet] = [containerId(), containerId()];
  await launched(loud, `slot-${loud}`);
  const log = join(root(loud), 'log/supervisor.log');
  truncateSync(log, 600 * 1024 * 1024);
  const lines = Array.from({ length: 500 }, (_, n) => `line ${n} of what it said last, with an ö`);
  appendFileSync(log, `\n${lines.join('\n')}\n`);
  await launched(quiet, `slot-${quiet}`);
  const all = await open().list();
  assert.deepEqual(all.find(({ id }) => id === loud)?.lastLines, lines.slice(-20));
  assert.ok(all.some(({ id }) => id === quiet));
  for (const id of [loud, quiet]) await end(id);
});

test('its configuration is for its own eyes, its environment holds nothing of ours, its port stays', async () => {
  process.env.REEVE_TEST_SECRET = 'not for containers';
  process.env.NODE_COMPILE_CACHE ??= join(directory, 'compiled');
  const id = containerId();
  await launched(id, `slot-${id}`);
  const file = join(root(id), 'config.json');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { listen } = JSON.parse(readFileSync(file, 'utf8'));
  assert.ok(listen.port >= 28_100 && listen.port <= 28_149);
  const log = readFileSync(join(root(id), 'log/supervisor.log'), 'utf8');
  assert.ok(log.includes('"PATH"') && !log.includes('REEVE_'), log);
  assert.ok(log.includes('"NODE_COMPILE_CACHE"'), 'or each start of a container compiles everything anew');
  process.kill(pidOf(id), 'SIGKILL');
  await until(async () => (await open().inspect(id))?.running === false);
  const taken = await occupy(listen.port);
  await launched(id, `slot-${id}`);
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).listen.port, listen.port);
  await new Promise((resolve) => taken.close(resolve));
  await end(id);
});

test('ports that others listen on are passed over, and when none is left it says so', async () => {
  const taken = await occupy(28_190);
  const narrow = createProcessDriver({
    local: { ...local, containerPorts: { from: 28_190, to: 28_191 } }, command: [process.execPath, STUBBORN], graceMs: 2_000,
  });
  const [one, two] = [containerId(), containerId()];
  await narrow.launch({ id: one, role: 'site' }, `slot-${one}`);
  assert.equal(JSON.parse(readFileSync(join(root(one), 'config.json'), 'utf8')).listen.port, 28_191);
  await assert.rejects(narrow.launch({ id: two, role: 'site' }, `slot-${two}`), { type: 'conflict' });
  await new Promise((resolve) => taken.close(resolve));
  await end(one, narrow);
  await end(two, narrow);
});

test('a stale incarnation is refused', async () => {
  const id = containerId();
  await launched(id, `slot-${id}`);
  writeFileSync(join(root(id), 'incarnation.json'), JSON.stringify({ incarnation: 3 }));
  await assert.rejects(open().drain({ id, incarnation: 2 }), { type: 'superseded' });
  await assert.rejects(open().end({ id, incarnation: 2 }), { type: 'superseded' });
  assert.equal((await open().inspect(id))?.running, true);
  await open().end({ id, incarnation: 3 });
});

async function occupy(port: number) {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}
