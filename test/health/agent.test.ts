/** The sweeps of a real container: nginx, vassals and agent, with a real Postgres, at a quick pace and no Temporal. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inflateSync } from 'node:zlib';
import { layoutOf } from '../../src/agent/config.ts';
import { createRequester } from '../../src/agent/sweep/request.ts';
import { places } from '../../src/domain/layout.ts';
import { unpackSweep } from '../../src/domain/sweep-pack.ts';
import { createContainer, type TestContainer } from '../agent/container.ts';
import { createPlatform, type TestPlatform } from '../agent/platform.ts';
import { until } from '../local/wait.ts';
import { moment } from '../moment.ts';

const PACE = { intervalSeconds: 1, suspectSeconds: 0.3, downAfterSeconds: 0.6, slowMs: 700, timeoutMs: 5_000 };

let platform: TestPlatform;
let container: TestContainer;
let live: string;
let suspended: string;

interface Row { hostname: string; verdict: string; kind: string; reason: string | null; status: number | null; answered_by: string | null; incarnation: number }
const rows = async (): Promise<Row[]> => (await platform.pool.query<Row>('select * from health order by hostname')).rows;
const verdictOf = async (hostname: string) => (await rows()).find((row) => row.hostname === hostname)?.verdict;
const becomes = (hostname: string, verdict: string) =>
  until(`${hostname} is ${verdict}`, async () => (await verdictOf(hostname)) === verdict);

before(async () => {
  platform = await createPlatform();
  await platform.pool.query(`update platform set settings = settings || jsonb_build_object('health', $1::jsonb)`, [JSON.stringify(PACE)]);
  container = await createContainer(platform);
  live = await platform.addSite();
  suspended = await platform.addSite({ phase: 'suspended' });
  await platform.bind('also.example.test', live);
  await platform.bind('moved.example.test', live, 'redirect');
  container.start();
  await container.untilReady();
});
after(async () => {
  await container?.remove();
  await platform?.close();
});

test('an agent that nobody asks sweeps every hostname by itself: primary, alias, redirect and suspended ones', async () => {
  await until('all four are up', async () => (await rows()).filter(({ verdict }) => verdict === 'up').length === 4);
  const found = await rows();
  assert.deepEqual(found.map(({ hostname, status, kind, answered_by }) => [hostname, status, kind, answered_by]), [
    ['also.example.test', 200, 'deep', live], ['moved.example.test', 301, 'routed', live],
    [`${live}.test`, 200, 'deep', live], [`${suspended}.test`, 503, 'routed', suspended],
  ].sort());
  const { rows: [sweep] } = await platform.pool.query('select s.*, n.hostnames as list from sweep s join sweep_names n on n.hash = s.names order by slot desc limit 1');
  const unpacked = unpackSweep(inflateSync(sweep.packed));
  assert.equal(unpacked.count, 4);
  assert.deepEqual(sweep.list, found.map(({ hostname }) => hostname));
  const moved = unpacked.at(sweep.list.indexOf('moved.example.test'));
  assert.deepEqual([moved.status, moved.verdict, moved.outcome, moved.kind], [301, 'up', 'well', 'routed']);
});

test('what does not change writes nothing but its sweeps', async () => {
  const stamps = async () => (await platform.pool.query('select hostname, xmin::text from latest_probe order by 1')).rows;
  const before = await stamps();
  const count = async () => Number((await platform.pool.query('select count(*) from sweep')).rows[0].count);
  const swept = await count();
  await until('two more sweeps', async () => (await count()) >= swept + 2);
  assert.deepEqual(await stamps(), before);
});

test('a site that takes long is slow, one that answers wrongly is down after the time that is set; both come back', async () => {
  const slow = await platform.addSite({ env: { SLOW: '1' } });
  await becomes(`${slow}.test`, 'slow');
  await platform.setEnv(slow, {});
  await becomes(`${slow}.test`, 'up');
  const { rows: transitions } = await platform.pool.query('select was, now from transition where site = $1 order by id', [slow]);
  assert.deepEqual(transitions.at(-1), { was: 'slow', now: 'up' });

  await platform.pool.query(`update release set rev = (select generation + 1 from platform), manifest = jsonb_set(manifest, '{health,statuses}', '[204]')`);
  await platform.commit('test.broken', []);
  await becomes(`${live}.test`, 'down');
  const row = (await rows()).find(({ hostname }) => hostname === `${live}.test`)!;
  assert.equal(row.reason, '/ answered 200');
  assert.equal(await verdictOf(`${suspended}.test`), 'up');
  await platform.pool.query(`update release set rev = (select generation + 1 from platform), manifest = jsonb_set(manifest, '{health,statuses}', '[200]')`);
  await platform.commit('test.mended', []);
  await becomes(`${live}.test`, 'up');
});

test('a site’s own health path, statuses and threshold count more than its codebase’s, and those more than the platform’s', async () => {
  const slow = await platform.addSite({ env: { SLOW: '1' } });
  const [row] = (await platform.pool.query('select settings from site where id = $1', [slow])).rows;
  const set = (settings: object) => platform.commit('site.updated', [
    { table: 'site', op: 'update', key: { id: slow }, values: { settings: { ...row.settings, ...settings } } }]);
  await becomes(`${slow}.test`, 'slow');
  await set({ slowMs: 4_000 });
  await becomes(`${slow}.test`, 'up');
  await set({ slowMs: 4_000, healthPath: '/up/', healthStatuses: [204] });
  await becomes(`${slow}.test`, 'down');
  assert.equal((await rows()).find(({ hostname }) => hostname === `${slow}.test`)!.reason, '/up/ answered 200');
  await set({ slowMs: 4_000, healthPath: '/up/', healthStatuses: [200, 204] });
  await becomes(`${slow}.test`, 'up');
});

test('fault 13: probes that reloads cut change no verdict, and each gets its answer', async (t) => {
  const { rows: [before] } = await platform.pool.query('select max(id) as id from transition');
  const bad = async () => (await platform.pool.query('select count(*) from latest_probe where failures > 0')).rows[0].count;
  // The agent's own probes are few, and a reload cuts one of them now and then: these are always on their way.
  const requester = createRequester(places.probeSocket(layoutOf(container.config)), 16);
  let asked = 0;
  let going = true;
  t.after(() => { going = false; });
  const failed: string[] = [];
  const asking = Promise.all(Array.from({ length: 16 }, async () => {
    while (going) {
      await requester.ask({ host: 'generation.reeve.internal', path: '/', scheme: 'http' }, 5_000)
        .then(({ status }) => { if (status !== 200) failed.push(String(status)); }, (error: Error) => failed.push(error.message));
      asked += 1;
      await moment(20);
    }
  }));
  for (let n = 0; n < 40; n += 1) {
    process.kill(container.pid('nginx'), 'SIGHUP');
    // The time between two reloads is what is tested, not a wait for something.
    await delay(100);
    assert.equal(Number(await bad()), 0);
  }
  going = false;
  await asking;
  await requester.close();
  assert.deepEqual([...new Set(failed)], [], `${failed.length} of ${asked}`);
  const { rows: [later] } = await platform.pool.query('select max(id) as id from transition');
  assert.equal(later.id, before.id);
});

test('an agent that starts again goes on with the verdicts that it had stored', async () => {
  const { rows: [before] } = await platform.pool.query('select max(id) as id, (select max(slot) from sweep) as slot from transition');
  const agent = container.pid('agent');
  process.kill(agent, 'SIGKILL');
  await until('a sweep of the new agent', async () => {
    const { rows: [now] } = await platform.pool.query('select max(slot) as slot from sweep');
    return container.pid('agent') !== agent && container.pid('agent') !== 0 && now.slot > before.slot;
  });
  const { rows: [later] } = await platform.pool.query('select max(id) as id from transition');
  assert.equal(later.id, before.id);
});

test('an unbound hostname is no longer reported', async () => {
  await platform.commit('hostname.unbound', [{ table: 'hostname', op: 'delete', key: { hostname: 'also.example.test' } }]);
  await until('it is gone', async () => (await verdictOf('also.example.test')) === undefined);
});
