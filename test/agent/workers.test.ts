/** nginx's former workers are relieved by the new ones. Processes that call themselves as nginx's do stand in for them: who is told what is the question. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { acceptingWorkers, relieve } from '../../src/agent/nginx/workers.ts';
import { identify } from '../../src/process/identity.ts';
import { until } from '../local/wait.ts';

const skip = process.platform !== 'linux' && 'it is /proc that tells';
const WORKER = 'nginx: worker process';

/** A parent that starts children with the titles that it is told, one a line. */
function startMaster(t: TestContext): { readonly pid: number; fork(title: string): void } {
  const master: ChildProcess = spawn('bash', ['-c', 'while read -r title; do (exec -a "$title" sleep 300) & done; wait'], { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  t.after(async () => {
    const ended = once(master, 'exit');
    process.kill(-master.pid!, 'SIGKILL');
    await ended;
  });
  return { pid: master.pid!, fork: (title) => { master.stdin!.write(`${title}\n`); } };
}
const untilThere = (pid: number, count: number) => until(`${count} workers`, () => acceptingWorkers(pid).length === count);

test('the former workers are told to stop once new ones take connections, and those are left alone', { skip }, async (t) => {
  const master = startMaster(t);
  for (let i = 0; i < 2; i++) master.fork(WORKER);
  await untilThere(master.pid, 2);
  const former = acceptingWorkers(master.pid);
  const relieved = relieve(master.pid, former, AbortSignal.timeout(60_000));
  for (let i = 0; i < 2; i++) master.fork(WORKER);
  await relieved;
  await until('the former ones have ended', () => former.every(({ pid }) => identify(pid) === null));
  assert.equal(acceptingWorkers(master.pid).length, 2);
});

test('one that is forked and not ready yet relieves nobody, nor one that is leaving itself', { skip }, async (t) => {
  const master = startMaster(t);
  for (let i = 0; i < 2; i++) master.fork(WORKER);
  await untilThere(master.pid, 2);
  const former = acceptingWorkers(master.pid);
  const later = new AbortController();
  const relieved = relieve(master.pid, former, later.signal);
  for (const title of ['nginx: master process nginx', `${WORKER} is shutting down`, WORKER]) master.fork(title);
  await untilThere(master.pid, 3);
  later.abort();
  await relieved;
  assert.deepEqual(former.map(({ pid }) => identify(pid) !== null), [true, true]);
});
