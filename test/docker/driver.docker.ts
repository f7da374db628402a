import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import Docker from 'dockerode';
import { createDockerDriver } from '../../src/cluster/docker.ts';
import { containerId, driverContract, until } from '../cluster/contract.ts';
import { docker, dockerPlace, SOCKET } from './engine.ts';
import { faultyEngine, isStart } from './faulty-engine.ts';

const place = await dockerPlace();
after(() => place.remove());

const open = () => createDockerDriver({ file: place.file, entrypoint: ['tini', '--', 'sleep', 'infinity'], graceSeconds: 5 });
const infoOf = async (id: string) => (await place.containers()).find((one) => one.Labels['reeve.container'] === id);
const containerOf = async (id: string) => docker.getContainer((await infoOf(id))!.Id);
const inside = async (id: string, ...command: string[]) => {
  const made = await (await containerOf(id)).exec({ Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true });
  let text = '';
  for await (const part of await made.start({ Tty: true })) text += String(part);
  return text.trim();
};

driverContract('docker', () => ({
  open,
  // As the engine does it itself: what a restart policy makes good is tested apart.
  kill: async (id) => (await containerOf(id)).kill(),
  leftovers: async (id) => {
    const info = await infoOf(id);
    return info ? info.Names : [];
  },
}));

test('what is secret is in files of mode 0600, and nowhere that the engine shows', async () => {
  const id = containerId();
  await open().launch({ id, role: 'site' }, `slot-${id}`);
  assert.equal(await inside(id, 'stat', '-c', '%a %u', '/etc/reeve', '/etc/reeve/config.json', '/etc/reeve/sites.key'), '700 0\r\n600 0\r\n600 0');
  assert.equal(JSON.parse(await inside(id, 'cat', '/etc/reeve/config.json')).databaseUrl, place.file.agentDatabaseUrl);
  const shown = await (await containerOf(id)).inspect();
  assert.ok(!JSON.stringify(shown).includes('agent:secret') && !JSON.stringify(shown).includes('abababab'));
  assert.deepEqual([shown.HostConfig.CapDrop, shown.HostConfig.RestartPolicy?.Name, shown.HostConfig.Privileged], [['ALL'], 'unless-stopped', false]);
  assert.deepEqual(shown.Mounts.map((mount) => `${mount.Destination} ${mount.RW}`).sort(),
    ['/var/lib/reeve/releases false', '/var/lib/reeve/stores true']);
  await open().end({ id, incarnation: 0 });
});

test('one that dies by itself is started again by the engine, and no more once it is drained', async () => {
  const id = containerId();
  await open().launch({ id, role: 'site' }, `slot-${id}`);
  const pidOf = async () => (await (await containerOf(id)).inspect()).State.Pid;
  const first = await pidOf();
  process.kill(first, 'SIGKILL');
  await until(async () => ![0, first].includes(await pidOf()));
  assert.equal((await place.containers()).filter((one) => one.Labels['reeve.container'] === id).length, 1);
  await open().drain({ id, incarnation: 0 });
  assert.equal((await open().inspect(id))?.running, true);
  process.kill(await pidOf(), 'SIGKILL');
  await until(async () => (await open().inspect(id))?.running === false);
  await open().end({ id, incarnation: 0 });
});

test('a stale incarnation is refused, also of one that does not run', async () => {
  const id = containerId();
  await open().launch({ id, role: 'site' }, `slot-${id}`);
  await inside(id, 'sh', '-c', 'mkdir -p /var/lib/reeve/container && echo \'{"incarnation":3}\' > /var/lib/reeve/container/incarnation.json');
  await assert.rejects(open().drain({ id, incarnation: 2 }), { type: 'superseded' });
  await (await containerOf(id)).kill();
  await assert.rejects(open().end({ id, incarnation: 2 }), { type: 'superseded' });
  await open().end({ id, incarnation: 3 });
  assert.equal(await infoOf(id), undefined);
});

test('an engine that is away, or has no such image, is said so, and leaves nothing', async () => {
  const away = createDockerDriver({ file: place.file, docker: new Docker({ socketPath: '/nowhere/docker.sock' }) });
  await assert.rejects(away.list(), { type: 'unavailable' });
  const id = containerId();
  const without = createDockerDriver({ file: { ...place.file, image: 'nowhere:none' } });
  await assert.rejects(without.launch({ id, role: 'site' }, `slot-${id}`), (error: { type: string; message: string }) =>
    error.type === 'step-failed' && /nowhere:none/.test(error.message));
  assert.equal(await infoOf(id), undefined);
});

test('an engine that fails half way is said so, and what was begun is found again: started, or ended without a trace', async () => {
  const socket = join(mkdtempSync(join(tmpdir(), 'reeve-engine-')), 'docker.sock');
  const engine = await faultyEngine(SOCKET, socket);
  const driver = createDockerDriver({ file: place.file, docker: new Docker({ socketPath: socket }), entrypoint: ['tini', '--', 'sleep', 'infinity'], graceSeconds: 5 });
  try {
    for (const finish of [
      async (id: string) => assert.equal((await driver.launch({ id, role: 'site' }, `slot-${id}`)).running, true),
      async (id: string) => assert.equal((await driver.inspect(id))?.running, false),
    ]) {
      const id = containerId();
      engine.fault = (...asked) => (isStart(...asked) ? 'away' : null);
      await assert.rejects(driver.launch({ id, role: 'site' }, `slot-${id}`), { type: 'unavailable' });
      engine.fault = () => null;
      await finish(id);
      assert.equal((await place.containers()).filter((one) => one.Labels['reeve.container'] === id).length, 1);
      engine.fault = (method) => (method === 'DELETE' ? { status: 500, message: 'device busy' } : null);
      await assert.rejects(driver.end({ id, incarnation: 0 }), { type: 'unavailable', message: /device busy/ });
      engine.fault = () => null;
      await driver.end({ id, incarnation: 0 });
      assert.equal(await infoOf(id), undefined);
    }
  } finally {
    await engine.close();
    rmSync(dirname(socket), { recursive: true });
  }
});

test('a command that cannot run is a failed step with what the engine said', async () => {
  const id = containerId();
  const broken = createDockerDriver({ file: place.file, entrypoint: ['/nowhere/node'] });
  await assert.rejects(broken.launch({ id, role: 'site' }, `slot-${id}`), (error: { type: string; message: string }) =>
    error.type === 'step-failed' && /\/nowhere\/node/.test(error.message));
  await broken.end({ id, incarnation: 0 });
  const dying = createDockerDriver({ file: place.file, entrypoint: ['sh', '-c', 'echo the disk is full; exit 1'] });
  await dying.launch({ id, role: 'site' }, `slot-${id}`);
  await until(async () => (await dying.inspect(id))?.lastLines.at(-1) === 'the disk is full');
  await dying.end({ id, incarnation: 0 });
});
