import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isReeveError } from '../../src/domain/errors.ts';
import { readRecords } from '../../src/local/leftovers.ts';
import { createProcesses, type ProcessEvent, type Processes } from '../../src/local/processes.ts';
import { identify, isRunning, type ProcessIdentity } from '../../src/process/identity.ts';
import { until } from './wait.ts';

const scratch = mkdtempSync(join(tmpdir(), 'reeve-processes-'));
after(() => rmSync(scratch, { recursive: true }));

/** Stopped at the end of the test, however it ends: a child that runs would keep this process waiting for ever. */
async function started(t: TestContext, options: Parameters<typeof createProcesses>[0]): Promise<Processes> {
  const processes = await createProcesses(options);
  t.after(() => processes.stopAll());
  return processes;
}

const upIn = (logFile: string, times = 1) => readFileSync(logFile, 'utf8') === 'up\n'.repeat(times);
const places = (name: string) => ({ recordsDir: join(scratch, name, 'records'), logsDir: join(scratch, name, 'logs') });
const SLEEP = { command: '/bin/sh', args: ['-c', 'echo up; exec sleep 1000'] };
/** Ignores the polite signal, and has a child that would outlive it. */
const STUBBORN = { command: '/bin/sh', args: ['-c', "trap '' TERM; sleep 1000 & echo up; while :; do wait; done"], grace: 200 };

test('a child that dies is started again, and logged', async (t) => {
  const events: ProcessEvent[] = [];
  const processes = await started(t, { ...places('again'), onEvent: (event) => events.push(event) });
  const child = processes.start({ name: 'sleeper', ...SLEEP });
  const first = child.pid as number;
  await until('it is up', () => upIn(child.logFile));
  process.kill(first, 'SIGKILL');
  await until('it runs again', () => child.pid !== null && child.pid !== first);
  assert.equal(child.ends, 1);
  assert.deepEqual(events.map((event) => event.type), ['started', 'ended', 'started']);
  await until('both have written to the log', () => upIn(child.logFile, 2));
  await processes.stopAll();
  assert.equal(child.pid, null);
});

test('a program that is not there is tried again, and its end is told', async (t) => {
  const events: ProcessEvent[] = [];
  const processes = await started(t, { ...places('absent'), onEvent: (event) => events.push(event) });
  const child = processes.start({ name: 'absent', command: join(scratch, 'no-such-program'), args: [] });
  await until('it was tried twice', () => child.ends >= 2);
  await processes.stopAll();
  assert.ok(events.every((event) => event.type === 'ended' && event.pid === null));
});

test('all are stopped, the last one first; one that does not listen is killed with its children', async (t) => {
  const options = places('order');
  const processes = await started(t, options);
  const one = processes.start({ name: 'one', ...STUBBORN });
  const two = processes.start({ name: 'two', ...SLEEP });
  await until('both are up', () => [one, two].every((child) => upIn(child.logFile)));
  const pids = [one.pid, two.pid] as number[];
  assert.deepEqual(readRecords(options.recordsDir).map((record) => record.name), ['two', 'one']);
  await processes.stopAll();
  assert.deepEqual(pids.map(identify), [null, null]);
  await until('nothing is left in its group', () => !groupExists(pids[0] as number));
  assert.deepEqual(readRecords(options.recordsDir), []);
});

test('a restart is no failure', async (t) => {
  const processes = await started(t, places('restart'));
  const child = processes.start({ name: 'sleeper', ...SLEEP });
  const first = child.pid;
  await child.restart();
  assert.notEqual(child.pid, first);
  assert.equal(child.ends, 0);
  await processes.stopAll();
});

test('when the parent is killed, the guard ends its children', async (t) => {
  const options = places('killed');
  const { parent, children } = await parentOf(t, options);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await until('the children are gone', () => !children.some(isRunning));
});

test('when the guard is killed too, the next start ends them, and nothing that has their number by now', async (t) => {
  const options = places('both');
  const { parent, children, guard } = await parentOf(t, options);
  process.kill(guard, 'SIGKILL');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  assert.ok(children.every(isRunning));
  const recycled = { pid: process.pid, start: 'earlier', parent: { pid: 1, start: 'earlier' }, name: 'recycled' };
  writeFileSync(join(options.recordsDir, `recycled.${process.pid}`), JSON.stringify(recycled));
  const processes = await started(t, options);
  assert.ok(!children.some(isRunning));
  assert.deepEqual(readRecords(options.recordsDir), []);
  await processes.stopAll();
});

test('a long log is put aside at the start', async (t) => {
  const options = places('log');
  const processes = await started(t, options);
  const child = processes.start({ name: 'sleeper', ...SLEEP });
  writeFileSync(child.logFile, Buffer.alloc(11 * 1024 * 1024));
  await child.restart();
  assert.ok(statSync(`${child.logFile}.1`).size > 10 * 1024 * 1024);
  await until('the new one writes to a new log', () => upIn(child.logFile));
  await processes.stopAll();
});

function groupExists(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch {
    return false;
  }
}

/** A process of its own that started two children, one of them stubborn, and tells their numbers. */
async function parentOf(t: TestContext, options: { recordsDir: string; logsDir: string }): Promise<{
  parent: ChildProcess;
  children: ProcessIdentity[];
  guard: number;
}> {
  const program = fileURLToPath(new URL('./parent.ts', import.meta.url));
  const parent = spawn(process.execPath, [program, JSON.stringify({ options, specs: [{ name: 'a', ...SLEEP }, { name: 'b', ...STUBBORN }] })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer];
  const { pids, guard } = JSON.parse(line.toString()) as { pids: number[]; guard: number };
  return { parent, guard, children: pids.map((pid) => identify(pid) as ProcessIdentity) };
}

test('a start that is cut short starts nothing behind the one that stopped all', async (t) => {
  const processes = await started(t, places('cut'));
  await processes.stopAll();
  assert.throws(() => processes.start({ name: 'late', ...SLEEP }), (error) => isReeveError(error, 'unavailable'));
  assert.deepEqual(readRecords(places('cut').recordsDir), []);
});
