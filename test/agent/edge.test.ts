/** The edge's agent: its members, its own check of them, and life without the platform. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { askEdge } from '../../src/agent/edge/ask.ts';
import { acceptingWorkers } from '../../src/agent/nginx/workers.ts';
import { identify } from '../../src/agent/supervise/processes.ts';
import { whyFacts } from '../../src/api/why/facts.ts';
import { type EdgeAnswer, explain } from '../../src/domain/why.ts';
import { askFiles } from '../../src/integrity/ask.ts';
import { integrity } from '../../src/integrity/check.ts';
import { until } from '../local/wait.ts';
import { createContainer, type TestContainer } from './container.ts';
import { createPlatform, type TestPlatform } from './platform.ts';
import { createProxy, type CutProxy } from './proxy.ts';

let platform: TestPlatform;
let proxy: CutProxy;
let members: TestContainer[];
let edge: TestContainer;
let sites: string[];
before(async () => {
  platform = await createPlatform();
  proxy = await createProxy(platform.url);
  members = [await createContainer(platform, { pace: 4 }), await createContainer(platform, { pace: 4 })];
  edge = await createContainer(platform, {
    role: 'edge', sitesKeyFile: null, trusted: [], emperor: false, databaseUrl: proxy.through(platform.agentUrl),
  });
  sites = [];
  for (let i = 0; i < 4; i++) sites.push(await platform.addSite());
  for (const each of [...members, edge]) each.start();
  for (const each of [...members, edge]) await each.untilReady();
});
after(async () => {
  await edge?.remove();
  await Promise.all((members ?? []).map((each) => each.remove()));
  await proxy?.close();
  await platform?.close();
});

/** What a visitor of a site gets wrong; null when the page is right. */
async function wrong(site: string): Promise<string | null> {
  const answer = await edge.get(`${site}.test`).catch((error: Error) => ({ status: 0, body: error.message }));
  if (answer.status !== 200) return `${site}: ${answer.status} ${/<title>(.*)<\/title>/.exec(answer.body)?.[1] ?? answer.body}`;
  const page = JSON.parse(answer.body) as { site: string };
  return page.site === site ? null : `${site}: ${page.site} answered`;
}
const faults = async () => (await Promise.all(sites.map(wrong))).filter((one) => one !== null);
const all = async () => (await faults()).length === 0;
/** What the edge said of its members since `from` lines: their ids each time. */
const said = (from: number): string[][] => edge.log().split('\n').slice(from).filter((line) => line.includes('"message":"members"'))
  .map((line) => (JSON.parse(line) as { now: string[] }).now);
const mark = () => edge.log().split('\n').length - 1;

test('an edge serves every site from the containers that are ready', async () => {
  await until('it knows both containers', () => said(0).at(-1)?.length === 2);
  const current = `${edge.root}/nginx/current`;
  await until('it serves with both, and no worker is left that does not', async () =>
    members.every(({ config }) => readFileSync(`${current}/members.conf`, 'utf8').includes(`:${config.listen.port} `))
    && readlinkSync(current).includes((await edge.proof())?.digest.slice(0, 12) ?? 'nothing')
    && acceptingWorkers(edge.pid('nginx')).length === 2);
  await until('each site answers', all);
  assert.ok(edge.pid('emperor') === 0, 'an edge has no emperor');

  // A PUT goes through a socket of the edge's own, which a killed nginx leaves behind.
  const put = async () => (await request(`http://127.0.0.1:${edge.config.listen.port}/`, { method: 'PUT', headers: { host: `${sites[0]}.test` } }).catch(() => null))?.statusCode;
  assert.equal(await put(), 200);
  const nginx = edge.pid('nginx');
  process.kill(-nginx, 'SIGKILL');
  await until('it is started again, and a PUT is answered', async () => edge.pid('nginx') !== nginx && (await put()) === 200);
  await until('each site answers', all);
});

test('a new hostname is not waited for by an edge whose nginx has not read it: any container may answer', async (t) => {
  const nginx = edge.pid('nginx');
  process.kill(nginx, 'SIGSTOP');
  const thaw = () => process.kill(nginx, 'SIGCONT');
  t.after(thaw);
  const { generation } = await platform.bind('early.test', sites[0]!);
  await until('its visitors get its page', async () => {
    const { status, body } = await edge.get('early.test');
    return status === 200 && (JSON.parse(body) as { site: string }).site === sites[0];
  });
  assert.ok((await edge.proof())!.generation < generation, 'its nginx has not read it');
  thaw();
  for (const each of [...members, edge]) await each.untilServed(generation);
});

/** What the edge's agent says of a hostname, to anybody. */
async function answer(hostname: string): Promise<EdgeAnswer> {
  const { statusCode, body } = await request(`${(await edge.row()).agent_url}/answer/${hostname}`);
  assert.equal(statusCode, 200);
  return (await body.json()) as EdgeAnswer;
}
/** How the edge is in `reeve why`, and what is said of it. */
async function why(hostname: string): Promise<string> {
  const { lines } = explain(await whyFacts({ db: platform.pool, sitesKey: platform.sitesKey, hostname }));
  const { subject, state, reason } = lines.find(({ what }) => what === 'edge')!;
  return `${subject} ${state}: ${reason}`;
}

test('an edge tells which container answers for a hostname: the one that its visitors get', async () => {
  for (const site of sites) {
    assert.equal(await wrong(site), null);
    const visited = readFileSync(`${edge.root}/log/nginx-access.log`, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { host: string; container: string });
    const { container } = visited.findLast(({ host }) => host === `${site}.test`)!;
    const chosen = members.find(({ config }) => container === `127.0.0.1:${config.listen.port}`)!;
    const { ms, ...said } = await answer(`${site}.test`);
    assert.deepEqual(said, { status: 200, container: chosen.id, tried: [], site, failure: null });
    assert.ok(ms > 0);
    assert.match(await why(`${site}.test`), new RegExp(`^${edge.id} ok: ${chosen.id} answers 200 in \\d+ ms$`));
  }
  const nobody = await answer('nobody.test');
  assert.deepEqual([nobody.status, nobody.site], [421, null]);
  assert.match(await why('nobody.test'), / ok: c\w+ answers 421 in /);
  const [site] = sites;
  const { generation } = await platform.commit('hostname.bound', [
    { table: 'hostname', op: 'insert', values: { hostname: 'safe.test', site, role: 'alias', phase: 'bound', https: 'redirect' } },
  ]);
  for (const each of [...members, edge]) await each.untilServed(generation);
  assert.equal((await answer('safe.test')).status, 200, 'asked as its visitors come, by https');
  // What is no site's is not asked for, and neither is anything where nothing listens.
  const own = await request(`${(await edge.row()).agent_url}/answer/generation.reeve.internal`);
  assert.equal(own.statusCode, 404);
  await own.body.dump();
  const away = await askEdge(`${site}.test`, { socket: `${edge.root}/none.sock`, desired: null, members: [] });
  assert.deepEqual([away.status, away.failure], [null, 'unreachable']);
});

test('an edge is compared with Postgres as a container is: an edited, a deleted and an added file, by name', async () => {
  const compare = integrity({ pool: platform.pool, sitesKey: platform.sitesKey, ask: askFiles(platform.sitesKey) });
  const look = () => compare.check(edge.id, null);
  await until('all is as Postgres says', async () => (await look()).verdict === 'same');
  // nginx's five files, and the link.
  assert.equal((await look()).files, 6);
  const drift = async () => (await look()).drift.map(({ path, kind }) => [path, kind]);
  const directory = `${edge.root}/nginx/${readlinkSync(`${edge.root}/nginx/current`)}`;
  const file = `${directory}/members.conf`;
  const was = readFileSync(file);
  appendFileSync(file, '# by hand\n');
  assert.deepEqual(await drift(), [[file, 'changed']]);
  rmSync(file);
  assert.deepEqual(await drift(), [[file, 'missing']]);
  writeFileSync(file, was);
  writeFileSync(`${directory}/more.conf`, '');
  assert.deepEqual(await drift(), [[`${directory}/more.conf`, 'extra']]);
  rmSync(`${directory}/more.conf`);
  assert.equal((await look()).verdict, 'same');
});

test('a container that vanishes is taken out by the edge’s own check, with the platform away too', async () => {
  proxy.cut();
  const [gone, other] = members;
  const from = mark();
  await gone!.kill();
  // nginx first, and wholly: one that outlives its vassals would answer 502 for them.
  process.kill(-gone!.pid('nginx'), 'SIGKILL');
  await until('its port is closed', async () => (await gone!.get('any.test').catch(() => null)) === null);
  for (const name of ['emperor', 'agent'] as const) if (identify(gone!.pid(name))) process.kill(-gone!.pid(name), 'SIGKILL');
  // One that is not there costs no request: what was not sent is tried elsewhere.
  for (let i = 0; i < 20; i++) assert.deepEqual(await faults(), []);
  await until('it is out', () => said(from).at(-1)?.join() === other!.id);
  assert.deepEqual(await faults(), []);
  await until('it serves without it', async () => (await answer(`${sites[0]}.test`)).tried.length === 0);
  assert.equal((await answer(`${sites[0]}.test`)).container, other!.id);
  const out = mark();
  proxy.mend();
  gone!.start();
  await gone!.untilReady();
  await until('it is back', () => said(out).at(-1)?.length === 2);
  assert.deepEqual(await faults(), []);
});

test('an edge that restarts without the platform knows its members and hostnames', async () => {
  proxy.cut();
  await edge.stop();
  edge.start();
  await until('each site answers', all);
  proxy.mend();
});

test('when no member answers, none is taken out', async () => {
  await until('the edge is heard of again', async () => (await answer(`${sites[0]}.test`).catch(() => null))?.status === 200);
  const from = mark();
  // The whole group: the workers answer without their master.
  for (const each of members) process.kill(-each.pid('nginx'), 'SIGSTOP');
  // Longer than two failed checks of a second each, which is what would take them out.
  const waiting = await answer(`${sites[0]}.test`);
  assert.deepEqual([waiting.status, waiting.failure], [null, 'late']);
  assert.match(await why(`${sites[0]}.test`), / unknown: no answer in \d+ ms$/);
  await until('the checks have failed', async () => (await edge.row()).state === 'ready' && await later(3_500));
  for (const each of members) process.kill(-each.pid('nginx'), 'SIGCONT');
  await until('each site answers', all);
  assert.ok(said(from).every((now) => now.length > 0), JSON.stringify(said(from)));
  await until('both are in', () => (said(from).at(-1)?.length ?? 2) === 2);
});

const later = (ms: number) => new Promise<true>((resolve) => setTimeout(() => resolve(true), ms));
