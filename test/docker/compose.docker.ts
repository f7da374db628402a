/** docker-compose.yml, from its first start to a replaced container, with visitors all the time. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createClient } from '../../src/api/client.ts';
import type { Container } from '../../src/domain/resources/container.ts';
import type { Remediation } from '../../src/domain/resources/remediation.ts';
import type { Run } from '../../src/domain/resources/run.ts';
import { type Platform, runOver, until, visit } from '../system/platform.ts';
import { visitors } from '../system/visitors.ts';
import { type Composed, composed, noCompose, noSites } from './compose.ts';
import { docker } from './engine.ts';
import { isStart } from './faulty-engine.ts';

const LONG_MS = 3 * 60_000;
let place: Composed;
let platform: Pick<Platform, 'access' | 'api'>;

before(async () => {
  if (noCompose) return;
  place = await composed();
  await place.compose('up', '-d', '--no-build');
  const { token } = JSON.parse(await place.compose('exec', '-T', 'api', 'cat', '/var/lib/reeve/secrets/access.json'));
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const access = { api: at(place.ports.api), edge: at(place.ports.edge), temporalUi: at(place.ports.temporalUi), token };
  platform = { access, api: createClient(access) };
  await until('two site containers', () => readyAre(2), LONG_MS);
}, { timeout: 7 * 60_000 });
let told = false;
afterEach(async (t) => {
  // Once: what fails after the first one says the same.
  if ((t as unknown as { passed: boolean }).passed || told || !place) return;
  told = true;
  console.log(await place.said());
});
after(() => place?.remove());

const members = async () => (await platform.api.request<{ items: Container[] }>('GET', '/containers')).items;
const sites = async () => (await members()).filter((one) => one.role === 'site');
const readyAre = async (count: number) => {
  const now = await sites();
  return now.length === count && now.every((one) => one.state === 'ready' && one.alive && !one.run) ? now : null;
};
const ofEngine = () => docker.listContainers({ all: true, filters: { label: [`reeve.platform=${place.project}`] } });
const cli = async (...args: string[]) => await place.compose('exec', '-T', 'api', 'reeve', ...args);

test('every service comes up well, and two site containers are launched through the engine', { skip: noCompose, timeout: 8 * 60_000 }, async () => {
  const launched = await ofEngine();
  assert.deepEqual(launched.map((one) => one.Names[0]).sort(), [1, 2].map((n) => `/${place.project}-site-compose-${n}`));
  await until('the edge', async () => (await members()).some((one) => one.role === 'edge' && one.state === 'ready'), LONG_MS);
  // 503 until the edge has heard of the first container that is ready.
  await until('an unknown hostname to be refused by a container', async () => (await visit(platform, 'nobody.localhost')).status === 421, LONG_MS);
  assert.equal((await fetch(platform.access.temporalUi)).status, 200);

  const services = await docker.listContainers({ all: true, filters: { label: [`com.docker.compose.project=${place.project}`] } });
  const well = async (id: string) => (await docker.getContainer(id).inspect()).State.Health?.Status === 'healthy';
  for (const { Id, Names, State } of [...services, ...launched]) {
    if (/keys|setup/.test(Names[0]!)) assert.equal(State, 'exited', Names[0]);
    else await until(`${Names[0]} to be healthy`, () => well(Id), LONG_MS);
  }
});

test('the dashboard is in the image: a new platform waits for its first owner, with its styles and scripts', { skip: noCompose }, async () => {
  const page = await fetch(platform.access.api, { headers: { accept: 'text/html' } });
  assert.deepEqual([page.status, new URL(page.url).pathname], [200, '/first-owner']);
  const assets = [...new Set((await page.text()).match(/\/assets\/[\w.-]+/g))];
  assert.ok(assets.length > 1);
  for (const path of assets) assert.equal((await fetch(platform.access.api + path)).status, 200, path);
});

test('only what must be root is root, and no part has powers that it needs not', { skip: noCompose }, async () => {
  const found: Record<string, string> = {};
  for (const service of ['platform-db', 'sites-db', 'temporal', 'api', 'control', 'edge']) {
    const id = (await place.compose('ps', '-q', service)).trim();
    const { HostConfig, Config } = await docker.getContainer(id).inspect();
    assert.deepEqual([HostConfig.CapDrop, HostConfig.Privileged, HostConfig.RestartPolicy?.Name], [['ALL'], false, 'unless-stopped'], service);
    assert.equal(HostConfig.LogConfig?.Config['max-size'], '10m', `${service}: its log does not fill the disk`);
    assert.ok(!Config.Env.some((one) => /^[^=]*(PASSWORD|KEY|TOKEN)=/.test(one)), `${service}: no secret in its environment`);
    const { Processes, Titles } = await docker.getContainer(id).top();
    const user = Titles.findIndex((title: string) => /^(UID|USER)$/.test(title));
    found[service] = Processes.every((each: string[]) => /^(root|0)$/.test(each[user]!)) ? 'root'
      : Processes.some((each: string[]) => /^(root|0)$/.test(each[user]!)) ? 'mixed' : 'not root';
  }
  assert.deepEqual(found, {
    'platform-db': 'not root', 'sites-db': 'not root', temporal: 'not root', api: 'not root', control: 'root', edge: 'not root',
  });
});

test('a release and two sites by the command line; each site runs as a user of its own', { skip: noSites, timeout: 8 * 60_000 }, async (t) => {
  const startedAt = Date.now();
  await cli('release', 'create', '/opt/reeve/tenant/example');
  t.diagnostic(`a release after ${Math.round((Date.now() - startedAt) / 1_000)} s`);
  for (const name of ['alpha', 'beta']) await cli('site', 'create', name);
  for (const name of ['alpha', 'beta']) {
    const page = await visit(platform, `${name}.localhost`);
    assert.equal(page.status, 200);
    assert.match(page.text, new RegExp(`<h1>${name}</h1>`));
  }
  const users = new Set<number>();
  for (const { Id } of await ofEngine()) {
    const { Processes, Titles } = await docker.getContainer(Id).top({ ps_args: '-eo pid,uid,args' });
    const [uid, args] = ['UID', 'COMMAND'].map((title) => Titles.indexOf(title));
    for (const each of Processes) if (/uwsgi/.test(each[args!]!) && Number(each[uid!]) !== 0) users.add(Number(each[uid!]));
  }
  assert.equal(users.size, 2);
  assert.ok([...users].every((each) => each >= 200_000), [...users].join(', '));
});

test('one that vanishes behind the platform’s back is replaced, and no visitor notices', { skip: noSites, timeout: 8 * 60_000 }, async (t) => {
  const [victim] = await sites();
  const info = (await ofEngine()).find((one) => one.Labels['reeve.container'] === victim!.id)!;
  const traffic = visitors(platform, ['alpha.localhost', 'beta.localhost']);
  const startedAt = Date.now();
  await docker.getContainer(info.Id).remove({ force: true });
  await until('its replacement', async () => {
    const now = await readyAre(2);
    return now?.every(({ id }) => id !== victim!.id);
  }, LONG_MS);
  t.diagnostic(`replaced after ${Math.round((Date.now() - startedAt) / 1_000)} s`);
  const { count, failed } = await traffic.stop();
  t.diagnostic(`${count} requests, ${failed.length} failed`);
  assert.deepEqual(failed, []);
});

/** What the engine says of one: started again, it would say another time. */
const startOf = async (id: string) => {
  const info = (await ofEngine()).find((one) => one.Labels['reeve.container'] === id)!;
  const { Id, State } = await docker.getContainer(info.Id).inspect();
  return [Id, State.Running, State.StartedAt];
};
const replace = async (id: string) => (await platform.api.request<{ run: { id: string } }>('POST', `/containers/${id}/replace`, { body: {} })).run.id;
const ledgerOf = async (run: string) => {
  const { items } = await platform.api.request<{ items: Remediation[] }>('GET', '/remediations');
  return items.filter((each) => each.run?.id === run).map(({ action, decision, result }) => ({ action, decision, result }));
};

test('an engine that refuses the new one half way: the old one is untouched, nothing is left, and the ledger says so', { skip: noSites, timeout: 5 * 60_000 }, async () => {
  const [old] = await sites();
  const before = [await startOf(old!.id), (await ofEngine()).map(({ Id }) => Id).sort()];
  place.engine.fault = (...asked) => (isStart(...asked) ? { status: 400, message: 'no space left on device' } : null);
  const traffic = visitors(platform, ['alpha.localhost', 'beta.localhost']);
  const run = await replace(old!.id);
  const over = await runOver(platform, run, 'compensated');
  place.engine.fault = () => null;
  assert.match(over.error.message, /the Docker engine: .*no space left on device/);
  assert.deepEqual((await traffic.stop()).failed, []);
  assert.deepEqual([await startOf(old!.id), (await ofEngine()).map(({ Id }) => Id).sort()], before);
  assert.deepEqual(await ledgerOf(run), [{ action: 'replace', decision: 'acted', result: 'failed' }]);
  assert.ok(await readyAre(2));
});

test('an engine that goes away half way: the old one serves on, and once it is back the new one takes its place', { skip: noSites, timeout: 8 * 60_000 }, async () => {
  const [old] = await sites();
  const before = await startOf(old!.id);
  let away = false;
  place.engine.fault = (...asked) => {
    away ||= isStart(...asked);
    return away ? 'away' : null;
  };
  const traffic = visitors(platform, ['alpha.localhost', 'beta.localhost']);
  const run = await replace(old!.id);
  const launch = await until('it to be said', async () => {
    const { steps } = await platform.api.request<Run>('GET', `/runs/${run}`);
    return steps.find(({ name, message }) => name === 'launch' && message);
  }, LONG_MS);
  assert.match(launch.message!, /the Docker engine does not answer/);
  assert.deepEqual(await startOf(old!.id), before);
  place.engine.fault = () => null;
  await runOver(platform, run);
  assert.deepEqual((await traffic.stop()).failed, []);
  assert.deepEqual(await ledgerOf(run), [{ action: 'replace', decision: 'acted', result: 'completed' }]);
  await until('two site containers', () => readyAre(2), LONG_MS);
});

test('one is replaced by another, and no visitor notices', { skip: noSites, timeout: 8 * 60_000 }, async (t) => {
  const [old] = await sites();
  const traffic = visitors(platform, ['alpha.localhost', 'beta.localhost']);
  const startedAt = Date.now();
  await runOver(platform, await replace(old!.id));
  t.diagnostic(`replaced after ${Math.round((Date.now() - startedAt) / 1_000)} s`);
  const { count, failed } = await traffic.stop();
  t.diagnostic(`${count} requests, ${failed.length} failed`);
  assert.deepEqual(failed, []);
  await until('two site containers', () => readyAre(2), LONG_MS);
  const now = await ofEngine();
  assert.equal(now.length, 2);
  assert.ok(!now.some((one) => one.Labels['reeve.container'] === old!.id));
});
