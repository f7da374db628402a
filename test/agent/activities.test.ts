/** What workflows ask of a container, over its own queue of a real Temporal server. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { ContainerActivities } from '../../activities/container/index.ts';
import { targetsOf } from '../../activities/platform/probe.ts';
import { layoutOf } from '../../src/agent/config.ts';
import type { Look } from '../../src/agent/integrity/look.ts';
import { viewEmperor } from '../../src/agent/vassals/emperor.ts';
import { places } from '../../src/domain/layout.ts';
import { agentToken } from '../../src/domain/secrets.ts';
import { identify } from '../../src/process/identity.ts';
import { containerQueue } from '../../src/temporal/names.ts';
import { until } from '../local/wait.ts';
import { createContainer, type TestContainer } from './container.ts';
import { hammer } from './load.ts';
import { createPlatform, type TestPlatform } from './platform.ts';

const ADDRESS = process.env.REEVE_TEST_TEMPORAL_ADDRESS ?? '127.0.0.1:7233';

let platform: TestPlatform;
let container: TestContainer;
let site: string;
let connection: Connection;
let ask: <Name extends keyof ContainerActivities>(name: Name, input: Parameters<ContainerActivities[Name]>[0]) => Promise<Awaited<ReturnType<ContainerActivities[Name]>>>;
let close: () => Promise<void>;
before(async () => {
  platform = await createPlatform({ healthPath: '/.health' });
  container = await createContainer(platform, { temporal: { address: ADDRESS, namespace: 'default' } });
  site = await platform.addSite();
  container.start();
  await container.untilReady();
  ({ ask, close } = await asker(containerQueue(container.id, (await container.row()).incarnation)));
});
after(async () => {
  await close?.();
  await container?.remove();
  await platform?.close();
});

/** A worker with one workflow that passes one call on. */
async function asker(queue: string): Promise<{ ask: typeof ask; close(): Promise<void> }> {
  connection = await Connection.connect({ address: ADDRESS });
  const native = await NativeConnection.connect({ address: ADDRESS });
  const taskQueue = `test-${randomUUID()}`;
  const worker = await Worker.create({ connection: native, taskQueue, workflowsPath: fileURLToPath(import.meta.resolve('./pass-on.ts')) });
  const running = worker.run();
  const client = new Client({ connection });
  return {
    ask: (name, input) => client.workflow.execute('passOn', { taskQueue, workflowId: randomUUID(), args: [queue, name, input] }),
    async close() {
      worker.shutdown();
      await running;
      await native.close();
      await connection.close();
    },
  };
}

test('reconcileNow waits until a generation is served', async () => {
  const { generation } = await platform.bind('asked.example.test', site);
  const result = await ask('reconcileNow', { generation });
  assert.ok(result.generation >= generation);
  assert.deepEqual(result.waitingOn, []);
});

test('probeSite asks for each hostname, and says what is wrong', async () => {
  const moved = await platform.bind('moved.example.test', site, 'redirect');
  await container.untilServed(moved.generation);
  const results = await ask('probeSite', { site, hostnames: [
    { hostname: `${site}.test`, expect: 'page' },
    { hostname: 'moved.example.test', expect: 'redirect', target: `http://${site}.test` },
    { hostname: 'moved.example.test', expect: 'redirect', target: 'http://elsewhere.test' },
    { hostname: 'nobody.example.test', expect: 'page' },
    { hostname: `${site}.test`, expect: 'maintenance' },
  ] });
  assert.deepEqual(results.map(({ ok }) => ok), [true, true, false, false, false], JSON.stringify(results));
  assert.equal(results[0]!.site, site);
  assert.equal(results[0]!.status, 200);
  assert.match(results[2]!.reason!, /redirects to/);
  assert.match(results[3]!.reason!, /no site answered \(421\)/);
});

test('what a run asks of a hostname that sends its visitors to https is asked as they come there', async () => {
  const { generation } = await platform.commit('hostname.bound', [
    { table: 'hostname', op: 'insert', values: { hostname: 'secure.example.test', site, role: 'alias', phase: 'bound', https: 'redirect' } }]);
  await container.untilServed(generation);
  const results = await ask('probeSite', { site, hostnames: await targetsOf(platform.pool, site) });
  const secure = results.find(({ hostname }) => hostname === 'secure.example.test')!;
  assert.deepEqual([secure.status, secure.reason], [200, null]);
});

/** The vassal of a site, as the emperor has it: its master's number. */
async function vassalOf(of: string): Promise<number> {
  const view = await viewEmperor(places.emperorStats(layoutOf(container.config)));
  const [seen] = [...view!].filter(([name]) => name.startsWith(`${of}.`)).map(([, each]) => each);
  return seen!.pid;
}
const serves = async (of: string) => (await container.get(`${of}.test`)).status === 200;

test('a vassal that hangs is killed and started anew; one that is well, and its neighbours, are left alone', async () => {
  const other = await platform.addSite();
  await container.untilServed((await platform.bind('neighbour.example.test', other)).generation);
  const [before, neighbour] = [await vassalOf(site), await vassalOf(other)];
  assert.deepEqual(await ask('restartVassals', { sites: [site, other] }), []);
  assert.deepEqual([await vassalOf(site), await vassalOf(other)], [before, neighbour]);
  const workers = readFileSync(`/proc/${before}/task/${before}/children`, 'utf8').trim().split(' ').map(Number);
  for (const pid of [before, ...workers]) process.kill(pid, 'SIGSTOP');
  const { agent_url: agent, incarnation } = await container.row();
  const look = async (hostname: string) => (await (await fetch(`${agent}/look`, {
    method: 'POST', body: JSON.stringify({ hostname }), headers: { authorization: `Bearer ${agentToken(platform.sitesKey, container.id, incarnation)}` },
  })).json()) as Look;
  // Before whoever asks has given it up: an agent that says nothing would be taken for one that does not answer.
  const [hangs, well] = await Promise.all([look(`${site}.test`), look(`${other}.test`)]);
  assert.deepEqual([hangs.answered!.status, hangs.answered!.late, well.answered!.ok, well.answered!.late], [null, true, true, false]);
  const load = hammer(container, `${other}.test`, 2);
  const restarted = await ask('restartVassals', { sites: [site, other] });
  const { requests, failed } = await load.stop();
  assert.deepEqual(restarted, [{ site, was: 'no answer within 10000 ms', now: null }]);
  assert.ok(await serves(site));
  assert.deepEqual(workers.map(identify), workers.map(() => null), 'nothing of it is left');
  assert.equal(await vassalOf(other), neighbour);
  assert.ok(requests > 0);
  assert.deepEqual(failed, []);
});

test('one that died in a loop, and would not any more, is not told ill while the emperor pauses', async () => {
  const poison = join(platform.scratch, 'poison');
  const dying = await platform.addSite({ env: { DIES_BY: poison } });
  await container.untilServed((await platform.bind('dying.example.test', dying)).generation);
  writeFileSync(poison, '');
  process.kill(await vassalOf(dying), 'SIGKILL');
  await until('the emperor to pause between its tries', async () => {
    const view = await viewEmperor(places.emperorStats(layoutOf(container.config)));
    return [...view!].some(([name, { accepting, deaths }]) => name.startsWith(`${dying}.`) && !accepting && deaths >= 3);
  });
  rmSync(poison);
  assert.deepEqual(await ask('restartVassals', { sites: [dying] }), [], 'it was started by the emperor');
  assert.ok(await serves(dying));
});

test('a vassal that answers badly reloads in place, and no file counts as changed by hand', async () => {
  assert.equal((await container.get(`${site}.test`, '/sicken')).status, 500);
  assert.equal((await container.get(`${site}.test`)).status, 500);
  assert.deepEqual(await ask('restartVassals', { sites: [site] }), [{ site, was: '/.health answered 500', now: null }]);
  const { status, body } = await container.get(`${site}.test`);
  // uWSGI starts itself again in the same process: with the site's variables, and as its user.
  assert.deepEqual([status, JSON.parse(body).site], [200, site]);
  assert.equal((await ask('mendNow', undefined as never)).mended, 0);
});

test('an incarnation that is over refuses', async () => {
  await platform.pool.query('update container set incarnation = incarnation + 1 where id = $1', [container.id]);
  await assert.rejects(async () => {
    for (let i = 0; i < 40; i++) await ask('reconcileNow', { generation: 1 });
  }, (error: Error) => /is over/.test(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as { cause?: { cause?: unknown } }).cause?.cause)));
});
