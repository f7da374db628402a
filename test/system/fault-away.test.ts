/** What the platform itself stands on goes away, and comes back: no visitor notices, and nothing is done to what is well. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RETRY } from '../../src/database/listen.ts';
import { createPool, type Pool } from '../../src/database/pool.ts';
import { LEASE_MS } from '../../src/domain/lease.ts';
import type { ContainerDrift } from '../../src/domain/resources/drift.ts';
import { type OwnServer, startOwnServer } from '../postgres-server.ts';
import { askAllTheTime, simulatedAgent } from './crowd.ts';
import { type Page, type Platform, runOver, startPlatform, until, visit } from './platform.ts';
import { partOf } from './processes.ts';
import { configurationOf, list, membersOf, situationOf } from './situation.ts';
import { visitors } from './visitors.ts';

const FIXTURE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures/twelvefactor');
/** The quickest that settings allow. */
const SWEEP_S = 5;
const SETTINGS = { health: { intervalSeconds: SWEEP_S, suspectSeconds: 1 }, integrity: { intervalSeconds: 10 } };
/** Longer than a lease, and than any interval. */
const AWAY_MS = LEASE_MS + 10_000;

/** Hostname → what is right of its page: the title of its site, or where it redirects to. */
const RIGHT: Record<string, (page: Page) => boolean> = {
  'one.localhost': shows('one'), 'two.localhost': shows('two'), 'also-one.localhost': shows('one'),
  'old-two.localhost': ({ status, headers }) => status === 301 && new URL(String(headers.location)).hostname === 'two.localhost',
};
function shows(title: string) {
  return ({ status, text }: Page) => status === 200 && text.includes(`<title>${title}</title>`);
}
const everybody = () => visitors(platform, Object.keys(RIGHT), (page, hostname) =>
  (RIGHT[hostname]!(page) ? null : `${page.status} ${/<title>(.*)<\/title>/.exec(page.text)?.[1] ?? ''}`));

let server: OwnServer;
let platform: Platform;
let pool: Pool;

before(async () => {
  server = await startOwnServer();
  platform = await startPlatform(['--codebase', FIXTURE, '--no-samples'], undefined, { DATABASE_URL: server.url });
  pool = createPool(Object.assign(new URL(server.url), { pathname: '/reeve' }).href, { name: 'test', max: 2 });
  await platform.api.request('PATCH', '/settings', { body: SETTINGS, ifMatch: '*' });
  for (const name of ['one', 'two']) await over('/sites', { name });
  const sites = await list<{ id: string; name: string }>(platform, '/sites');
  const of = (name: string) => `/sites/${sites.find((site) => site.name === name)!.id}/hostnames`;
  await over(of('one'), { hostname: 'also-one.localhost', role: 'alias' });
  await over(of('two'), { hostname: 'old-two.localhost', role: 'redirect' });
  await until('every hostname is right', async () => {
    for (const [hostname, isRight] of Object.entries(RIGHT)) assert.ok(isRight(await visit(platform, hostname)), hostname);
    return true;
  }, 60_000);
  await untilSwept(await now());
}, { timeout: 10 * 60_000 });
after(async () => {
  await pool?.end();
  await platform?.remove();
  await server?.stop();
});

/** Ask for something and wait until its run is over. */
async function over(path: string, body: object): Promise<void> {
  const { run } = await platform.api.request('POST', path, { body });
  await runOver(platform, run.id);
}
/** By the database's clock. */
const now = async (): Promise<Date> => (await pool.query('select clock_timestamp() as now')).rows[0].now;
/** Sweeps that began after a moment, as (container, slot), slots in ms. */
async function sweepsSince(moment: Date): Promise<{ container: string; slot: number; down: number; late: boolean }[]> {
  const { rows } = await pool.query(
    `select container, extract(epoch from slot)::float8 * 1000 as slot, down, stored_at > ended_at + interval '5 seconds' as late
       from sweep where started_at > $1 order by slot`, [moment]);
  return rows;
}
/** Every container has swept, `times` over, since that moment. */
async function untilSwept(moment: Date, times = 1): Promise<void> {
  const members = await membersOf(platform);
  await until(`every container has swept ${times} times`, async () => {
    const swept = await sweepsSince(moment);
    return members.every(({ id }) => swept.filter(({ container }) => container === id).length >= times);
  }, 120_000);
}

test('fault 18: all agents lose their connections at once; they come back spread out, and the API answers all the while', { timeout: 120_000 }, async (t) => {
  const before = await situationOf(platform);
  const traffic = everybody();
  const crowd = Array.from({ length: 30 }, () => simulatedAgent(platform.local.agentDatabaseUrl));
  const requests = askAllTheTime(platform, ['/platform', '/sites', '/containers', '/health']);
  try {
    await until('all of them know the state', () => crowd.every((each) => each.generation() > 0), 60_000);
    // Theirs, and those of two containers and an edge.
    const listeners = crowd.length + 3;
    await until('all of them listen', async () => (await arrivals()).length === listeners, 60_000);
    const cutAt = (await now()).getTime();
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'reeve agent %'`);
    // Nobody hears of it as it is committed: who comes back looks.
    const { etag } = await platform.api.exchange('PATCH', '/settings', { body: { health: { slowMs: 2_500 } }, ifMatch: '*' });
    assert.ok(etag);
    const { generation } = await platform.api.request('GET', '/platform');
    await until('all are back', async () => (await arrivals()).filter((at) => at > cutAt).length === listeners, 60_000);
    await until('all know it', async () => crowd.every((each) => each.generation() >= generation)
      && (await membersOf(platform)).every((each) => each.observedGeneration >= generation), 60_000);
    const answered = await requests.stop();

    const came = (await arrivals()).map((at) => at - cutAt);
    const [first, last] = [Math.min(...came), Math.max(...came)];
    t.diagnostic(`back after ${Math.round(first)} to ${Math.round(last)} ms; ${answered.count} requests to the API meanwhile`);
    // The clocks are the same; a timer may come a millisecond early.
    assert.ok(first >= RETRY.firstMs * RETRY.from - 5, `the first is back after ${first} ms`);
    // Thirty even draws from a second span less than a quarter of it once in 10^16; a busy machine only delays some of them.
    assert.ok(last - first >= (RETRY.firstMs * (RETRY.to - RETRY.from)) / 4, `all came within ${last - first} ms`);
    assert.deepEqual(answered.failed, []);
    assert.ok(answered.count > 0);
  } finally {
    await requests.stop();
    await Promise.all(crowd.map((each) => each.close()));
  }
  assert.deepEqual((await traffic.stop()).failed, []);
  assert.deepEqual(await situationOf(platform), before);
});

/** When each agent's listener has connected, ms. */
async function arrivals(): Promise<number[]> {
  const { rows } = await pool.query<{ at: number }>(
    `select extract(epoch from backend_start)::float8 * 1000 as at from pg_stat_activity where application_name like 'reeve agent % listen' and state = 'idle'`);
  return rows.map(({ at }) => at);
}

test('fault 2: with Temporal away, sites are served, probed and checked; what is asked for is kept, and done when it is back', { timeout: 5 * 60_000 }, async (t) => {
  const before = await situationOf(platform);
  const members = await membersOf(platform);
  const traffic = everybody();
  const temporal = partOf(platform, 'temporal');
  const frozenAt = await now();
  process.kill(temporal.pid, 'SIGSTOP');
  let asked: string[];
  try {
    asked = await Promise.all([
      accepted('/sites', { name: 'kept' }),
      accepted(`/sites/${(await list<{ id: string; name: string }>(platform, '/sites')).find(({ name }) => name === 'two')!.id}/hostnames`, { hostname: 'also-two.localhost', role: 'alias' }),
    ]);
    const file = join(platform.home, 'containers', members[0]!.id, 'nginx/current/hostnames.conf');
    const text = readFileSync(file, 'utf8');
    appendFileSync(file, '# by hand\n');

    await until('the API says that Temporal is away', async () => (await readyz()).temporal === 'away');
    // The schedule's last word may still have been under way.
    await untilSwept(new Date(frozenAt.getTime() + SWEEP_S * 1_000), 2);
    await until('the file is mended', () => readFileSync(file, 'utf8') === text, 60_000);
    await until('and that is recorded', async () => {
      const { items } = await platform.api.request<ContainerDrift>('GET', `/containers/${members[0]!.id}/drift`);
      return items.some(({ path, foundBy, mendedAt }) => path.endsWith('/hostnames.conf') && foundBy === 'agent' && mendedAt !== null);
    });
    for (const run of asked) assert.equal((await platform.api.request('GET', `/runs/${run}`)).state, 'requested');
    assert.deepEqual((await sweepsSince(frozenAt)).filter(({ down }) => down > 0), []);
  } finally {
    process.kill(temporal.pid, 'SIGCONT');
  }
  for (const run of asked) await runOver(platform, run);
  assert.ok(shows('kept')(await visit(platform, 'kept.localhost')));
  await until('the alias is served', async () => shows('two')(await visit(platform, 'also-two.localhost')));
  const backAt = await now();
  await until('the schedule has reached every container again: alone they sweep each second slot at most', async () => {
    const swept = await sweepsSince(backAt);
    return members.every(({ id }) => swept.filter(({ container }) => container === id)
      .some(({ slot }, i, own) => i > 0 && slot - own[i - 1]!.slot === SWEEP_S * 1_000));
  }, 120_000);
  const { count, failed } = await traffic.stop();
  t.diagnostic(`${count} requests`);
  assert.deepEqual(failed, []);
  assert.deepEqual(await situationOf(platform), before);
});

/** @returns the run that was accepted */
async function accepted(path: string, body: object): Promise<string> {
  const answer = await platform.api.exchange('POST', path, { body });
  assert.equal(answer.status, 202);
  return answer.body.run.id;
}
const readyz = async () => await (await fetch(`${platform.access.api}/readyz`)).json() as { temporal?: string; status?: number };

test('fault 1: the platform’s Postgres is away for longer than a lease, then back: nothing was changed, and nothing is', { timeout: 5 * 60_000 }, async (t) => {
  const before = { ...await situationOf(platform), files: configurationOf(platform) };
  const traffic = everybody();
  const downAt = await now();
  await server.down();
  await until('the API says so', async () => (await readyz()).status === 503);
  await assert.rejects(platform.api.request('POST', '/sites', { body: { name: 'lost' } }), { type: 'unavailable' });
  // That time passes is the fault itself: every lease lapses.
  await delay(AWAY_MS);
  assert.deepEqual(configurationOf(platform), before.files);
  await server.up();

  const upAt = await now();
  assert.ok(upAt.getTime() - downAt.getTime() > LEASE_MS);
  await until('every lease holds again', async () => (await list<{ alive: boolean }>(platform, '/containers')).every(({ alive }) => alive), 60_000);
  // A judge takes a lapse for real when it has looked for two leases; it looks every three seconds, and then acts at once.
  const actsBy = new Date(upAt.getTime() + 2 * LEASE_MS + 8_000);
  await until('the judge could have acted', async () => (await now()) > actsBy, 120_000);
  await untilSwept(actsBy);

  const { count, failed } = await traffic.stop();
  t.diagnostic(`${count} requests`);
  assert.deepEqual(failed, []);
  assert.ok(count > 100);
  const { files, ...situation } = before;
  assert.deepEqual(await situationOf(platform), situation);
  assert.deepEqual(configurationOf(platform), files);
  const during = (await sweepsSince(downAt)).filter(({ slot }) => slot < upAt.getTime() - SWEEP_S * 1_000);
  for (const { id } of await membersOf(platform)) {
    assert.ok(during.some(({ container, late, down }) => container === id && late && down === 0), `${id} has swept meanwhile, and stored it later`);
  }
  assert.match(control(), /"name":"judge".*"now":"well"/, 'the judge has been away, and has looked again');
});

const control = () => readFileSync(join(platform.home, 'logs/control.log'), 'utf8');
