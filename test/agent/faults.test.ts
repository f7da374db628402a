/** What must hold when things break (BUDGETS.md: 3, 4, 5, 6, 8, 9). */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { identify } from '../../src/agent/supervise/processes.ts';
import { agentToken } from '../../src/domain/secrets.ts';
import { until } from '../local/wait.ts';
import { moment } from '../moment.ts';
import { createContainer, type TestContainer } from './container.ts';
import { hammer } from './load.ts';
import { createPlatform, type TestPlatform } from './platform.ts';
import { createProxy, type CutProxy } from './proxy.ts';

let platform: TestPlatform;
let proxy: CutProxy;
let container: TestContainer;
let site: string;
before(async () => {
  platform = await createPlatform();
  proxy = await createProxy(platform.url);
  container = await createContainer(platform, { databaseUrl: proxy.through(platform.agentUrl) });
  site = await platform.addSite();
  container.start();
  await container.untilReady();
});
after(async () => {
  await container?.remove();
  await proxy?.close();
  await platform?.close();
});

const serves = async (hostname: string) => (await container.get(hostname).catch(() => null))?.status === 200;
const reconcile = async () => {
  const { agent_url, incarnation } = await container.row();
  const authorization = `Bearer ${agentToken(platform.sitesKey, container.id, incarnation)}`;
  return (await fetch(`${agent_url}/reconcile`, { method: 'POST', headers: { authorization } })).json();
};

const waitsFor = async () => JSON.stringify(((await reconcile()) as { waitingOn: unknown }).waitingOn);

test('fault 3: with Postgres away, a restarted agent and a restarted container serve the last known good state', async () => {
  proxy.cut();
  const agent = container.pid('agent');
  process.kill(agent, 'SIGKILL');
  await until('another agent runs', () => container.pid('agent') !== agent && container.pid('agent') !== 0);
  assert.ok(await serves(`${site}.test`));
  await container.stop();
  container.start();
  await until('it serves again', () => serves(`${site}.test`));
  proxy.mend();
  const { generation } = await platform.bind('after.example.test', site);
  await container.untilServed(generation);
  assert.ok(await serves('after.example.test'));
});

test('an agent that restarts keeps its incarnation and stays ready; a container that restarts gets a new one', async () => {
  const { incarnation } = await container.row();
  const agent = container.pid('agent');
  const [nginx, emperor] = [container.pid('nginx'), container.pid('emperor')];
  process.kill(agent, 'SIGKILL');
  await container.untilServed((await platform.bind('again.example.test', site)).generation);
  const row = await container.row();
  assert.equal(row.incarnation, incarnation);
  assert.equal(row.state, 'ready');
  assert.deepEqual([container.pid('nginx'), container.pid('emperor')], [nginx, emperor], 'its siblings were left alone');
  await container.stop();
  container.start();
  await until('it has joined anew', async () => (await container.row()).incarnation === incarnation + 1);
  await container.untilReady();
  assert.ok(await serves(`${site}.test`), 'ready means that its sites answer');
});

test('fault 4: a change whose notification is lost is served by the next look', async () => {
  await platform.pool.query('begin; update platform set generation = generation + 1, hostnames = hostnames + 1; '
    + `insert into hostname (hostname, site, role, phase, rev) select 'silent.example.test', '${site}', 'alias', 'bound', generation from platform; commit`);
  await until('it serves', () => serves('silent.example.test'));
});

test('fault 5: doubled and stale notifications change nothing: the generation that is served never falls', async () => {
  let last = 0;
  let fell = false;
  let watching = true;
  const watch = (async () => {
    while (watching) {
      // What is recorded has been proved: every answer after that is of this generation, or a newer one.
      const recorded = (await container.row()).observed_generation;
      const answer = await container.proof();
      fell ||= recorded < last || (answer !== null && answer.generation < recorded);
      last = recorded;
      await moment();
    }
  })();
  let newest = 0;
  for (let i = 0; i < 8; i++) {
    ({ generation: newest } = await platform.bind(`burst${i}.example.test`, site));
    for (const generation of [newest - 3, newest, newest, 1]) {
      await platform.pool.query("select pg_notify('reeve', $1)", [JSON.stringify({ id: generation, epoch: 1, generation })]);
    }
  }
  await container.untilServed(newest);
  watching = false;
  await watch;
  assert.equal(fell, false);
});

test('fault 9: an older state, and a read that lost rows, are refused: everything goes on being served', async () => {
  const generation = (await container.row()).observed_generation;
  await platform.pool.query('update platform set generation = generation - 2');
  assert.match(await waitsFor(), /"refused"/);
  assert.ok(await serves(`${site}.test`));
  await platform.pool.query('update platform set generation = generation + 2');

  await platform.pool.query('begin; create table saved as select * from hostname; delete from hostname; update platform set epoch = epoch + 1, generation = generation + 1; commit');
  assert.match(await waitsFor(), /"database"/);
  assert.ok(await serves(`${site}.test`));
  // Even a read whose counts add up removes nothing without tombstones.
  await platform.pool.query('update platform set hostnames = 0');
  assert.match(await waitsFor(), /tombstone/);
  assert.ok(await serves(`${site}.test`));
  await platform.pool.query('begin; insert into hostname select * from saved; drop table saved; update platform set hostnames = (select count(*) from hostname where deleted_at is null); commit');
  await container.untilServed(generation + 1);
});

test('fault 8: files that are edited, deleted or added by hand are mended and recorded as drift', async () => {
  const current = `${container.root}/nginx/current`;
  const good = readFileSync(`${current}/hostnames.conf`, 'utf8');
  appendFileSync(`${current}/hostnames.conf`, 'evil.example.test "nobody primary allow -";\n');
  writeFileSync(`${current}/extra.conf`, '');
  rmSync(`${container.root}/sites/${site}.json`);
  writeFileSync(`${container.root}/vassals/stray.ini`, '[uwsgi]\n');
  await reconcile();
  assert.equal(readFileSync(`${current}/hostnames.conf`, 'utf8'), good);
  assert.ok(!existsSync(`${current}/extra.conf`));
  assert.ok(existsSync(`${container.root}/sites/${site}.json`));
  assert.ok(!existsSync(`${container.root}/vassals/stray.ini`));
  const drift = async () => (await platform.pool.query('select kind, path from drift where container = $1', [container.id])).rows;
  await until('it is recorded', async () => (await drift()).length >= 4);
  assert.deepEqual((await drift()).map(({ kind }) => kind).sort(), ['changed', 'extra', 'extra', 'missing']);
  assert.ok(await serves(`${site}.test`));
});

test('fault 8: an edit that keeps the size of a file is not taken over by the next configuration, and is recorded', async () => {
  const other = await platform.addSite({ phase: 'suspended' });
  await container.untilServed((await platform.bind('edited.example.test', site)).generation);
  await until('nginx has read it', async () => (await waitsFor()) === '[]');
  const edited = realpathSync(`${container.root}/nginx/current/hostnames.conf`);
  const good = readFileSync(edited, 'utf8');
  writeFileSync(edited, good.replace(`edited.example.test "${site} `, `edited.example.test "${other} `));
  assert.notEqual(readFileSync(edited, 'utf8'), good);
  // It changes the sites' file, and no hostname.
  const { generation } = await platform.commit('site.changed', [{ table: 'site', op: 'update', key: { id: other }, values: { phase: 'live' } }]);
  await container.untilServed(generation);
  assert.equal(readFileSync(`${container.root}/nginx/current/hostnames.conf`, 'utf8'), good);
  assert.equal(JSON.parse((await container.get('edited.example.test')).body).site, site);
  await until('it is recorded', async () =>
    (await platform.pool.query('select kind from drift where container = $1 and path = $2', [container.id, edited])).rows.length > 0);
});

test('with nginx reloading all the time, no request fails', async () => {
  const load = hammer(container, `${site}.test`, 4);
  let newest = 0;
  for (let i = 0; i < 12; i++) {
    ({ generation: newest } = await platform.bind(`reload${i}.example.test`, site));
    await container.untilServed(newest);
  }
  const { requests, failed } = await load.stop();
  assert.deepEqual(failed, []);
  assert.ok(requests > 100, `${requests} requests`);
  // Those that were told to leave before the master did so are not started again.
  const children = () => readFileSync(`/proc/${container.pid('nginx')}/task/${container.pid('nginx')}/children`, 'utf8').trim().split(' ');
  await until('two workers are left', () => children().length === 2);
});

test('nginx and the emperor are started again when they die, and what a killed supervisor left is ended', async () => {
  process.kill(container.pid('nginx'), 'SIGKILL');
  await until('nginx serves again', () => serves(`${site}.test`));
  process.kill(container.pid('emperor'), 'SIGKILL');
  await until('the vassal serves again', () => serves(`${site}.test`));
  const left = [container.pid('nginx'), container.pid('emperor')];
  await container.kill();
  container.start();
  await until('others run', () => container.pid('nginx') !== left[0] && container.pid('emperor') !== left[1] && container.pid('nginx') !== 0);
  await container.untilReady();
  await until('it serves', () => serves(`${site}.test`));
  assert.deepEqual(left.map(identify), [null, null], 'what was left has ended');
});
