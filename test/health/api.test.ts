/** What people see of health: the API's answers and the command line's tables, from sweeps as agents store them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { compressed, type LatestProbe, storeSweep } from '../../src/database/health/store.ts';
import { rollUpSweeps } from '../../src/database/health/rollup.ts';
import { packSweep } from '../../src/domain/sweep-pack.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { assertProblem, liveSite, startApi, type TestApi } from '../api/harness.ts';
import { reeve } from '../cli/program.ts';

const SLOT = Math.floor(Date.now() / 30_000) * 30_000;
const CONTAINERS = ['c000000001', 'c000000002'];
const NAMES = ['alpha.localhost', 'beta.localhost'];
let api: TestApi;
let alpha: string;
let beta: string;

/** A sweep in which beta stands as it is given, as an agent stores it. */
async function sweep(container: string, slot: number, verdict: Verdict): Promise<void> {
  const row = (hostname: string, site: string, each: Verdict): LatestProbe => ({
    hostname, site, kind: 'deep', status: each === 'down' ? 502 : 200, ms: 12.5, answeredBy: site, at: slot,
    reason: each === 'down' ? '/.reeve/health answered 502' : null,
    standing: { verdict: each, since: slot, failures: 0, firstFailedAt: null, successes: 0 },
  });
  await storeSweep(api.database.pool, {
    container, incarnation: 1, names: NAMES, changed: [row(NAMES[0]!, alpha, 'up'), row(NAMES[1]!, beta, verdict)],
    packed: compressed(packSweep((['up', verdict] as const).map((each) =>
      ({ verdict: each, outcome: each === 'down' ? 'bad' : 'well', kind: 'deep', status: each === 'down' ? 502 : 200, ms: 12.6 })))),
    sweep: {
      slot, startedAt: slot, endedAt: slot + 20, intervalSeconds: 30, hostnames: 2, names: NAMES.join(),
      counts: { up: verdict === 'down' ? 1 : 2, slow: 0, down: verdict === 'down' ? 1 : 0, unknown: 0 },
    },
  });
}

before(async () => {
  api = await startApi();
  [alpha, beta] = [await liveSite(api, 'alpha'), await liveSite(api, 'beta')];
  for (const id of CONTAINERS) {
    await api.database.pool.query(
      `insert into container (id, slot, role, incarnation, state, address, port, seen_at, lease_expires_at, observed_epoch, observed_generation)
         select $1, $1, 'site', 1, 'ready', '127.0.0.1', 9001, now(), now() + interval '1 hour', epoch, generation from platform`, [id]);
    await sweep(id, SLOT - 3_600_000, 'up');
  }
  await sweep(CONTAINERS[0]!, SLOT, 'up');
  await sweep(CONTAINERS[1]!, SLOT, 'down');
});
after(() => api?.close());

const get = async (path: string) => {
  const { status, body } = await api.send('GET', path);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};

test('a site with a hostname that is down is degraded, says which and where, and is listed so', async () => {
  const named = async (state: string) => (await get(`/sites?state=${state}`)).items.map(({ name }: { name: string }) => name);
  assert.deepEqual([await named('active'), await named('degraded')], [['alpha'], ['beta']]);
  const { status, conditions } = await get('/sites/beta');
  assert.equal(status, 'degraded');
  assert.deepEqual(conditions, [{
    type: 'Healthy', status: 'false', reason: 'Down', message: `not well: beta.localhost in ${CONTAINERS[1]} (/.reeve/health answered 502)`,
    since: new Date(SLOT).toISOString().replace('.000Z', '+00:00'),
  }]);
});

test('what was last swept long ago says nothing of a site now', async () => {
  const stored = (ago: string) => api.database.pool.query(`update sweep_latest set stored_at = clock_timestamp() - $1::interval`, [ago]);
  await stored('1 hour');
  assert.deepEqual((await get('/sites?state=degraded')).items, []);
  assert.equal((await get('/sites/beta')).status, 'active');
  await stored('0');
});

test('GET /health: each hostname in each container, filtered and in pages', async () => {
  const { items } = await get('/health');
  assert.deepEqual(items.map((each: { hostname: string; container: string; verdict: string }) => [each.hostname, each.container, each.verdict]), [
    ['alpha.localhost', CONTAINERS[0], 'up'], ['alpha.localhost', CONTAINERS[1], 'up'],
    ['beta.localhost', CONTAINERS[0], 'up'], ['beta.localhost', CONTAINERS[1], 'down'],
  ]);
  assert.equal((await get('/health?verdict=down')).items[0].reason, '/.reeve/health answered 502');
  assert.equal((await get('/health?site=alpha')).items.length, 2);
  assert.equal((await get(`/health?site=${beta}&container=${CONTAINERS[0]}`)).items.length, 1);
  const first = await get('/health?limit=3');
  assert.equal((await get(`/health?limit=3&cursor=${first.next}`)).items.length, 1);
  assertProblem(await api.send('GET', '/health?verdict=fine'), 400, 'bad-request');
  assert.deepEqual((await get('/platform')).health, { up: 3, slow: 0, down: 1, unknown: 0 });
});

test('GET /health/history: raw sweeps, and steps of rolled up ones', async () => {
  const from = new Date(SLOT - 2 * 3_600_000).toISOString();
  const raw = await get(`/health/history?hostname=BETA.localhost&from=${from}`);
  assert.deepEqual(raw.points.map((p: { container: string; verdict: string; status: number; failures: number; latencyP50: number }) =>
    [p.container, p.verdict, p.status, p.failures, p.latencyP50]), [
    [CONTAINERS[0], 'up', 200, 0, 12.6], [CONTAINERS[1], 'up', 200, 0, 12.6], [CONTAINERS[0], 'up', 200, 0, 12.6], [CONTAINERS[1], 'down', 502, 1, null],
  ]);
  await api.database.pool.query(`update sweep set stored_at = slot + interval '1 second'`);
  await rollUpSweeps(api.database.pool, '5m');
  const rolled = await get(`/health/history?hostname=beta.localhost&step=5m&container=${CONTAINERS[1]}`);
  const at = new Date(Math.floor((SLOT - 3_600_000) / 300_000) * 300_000).toISOString();
  const { at: bucket, probes, failures } = rolled.points[0];
  assert.deepEqual([bucket, probes, failures], [at, 1, 0]);
  assert.deepEqual((await get('/health/history?hostname=nobody.localhost')).points, []);
});

test('what cannot be asked is refused', async () => {
  for (const query of ['', '?hostname=a.test&step=2m', '?hostname=a.test&from=yesterday', '?hostname=a.test&from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z',
    '?hostname=a.test&from=2030-01-01T00:00:00Z&to=2030-01-02T00:00:00Z']) {
    assertProblem(await api.send('GET', `/health/history${query}`), 400, 'bad-request');
  }
  const patch = (health: object) => api.send('PATCH', '/settings', { body: { health }, headers: { 'if-match': '*' } });
  for (const health of [{ intervalSeconds: 1 }, { slowMs: 0 }, { speed: 1 }, { slowMs: 10_000 }, { suspectSeconds: 31 }]) assertProblem(await patch(health), 422, 'invalid');
  const { status, body } = await patch({ slowMs: 500 });
  assert.equal(status, 200);
  assert.deepEqual([body.health.slowMs, body.health.intervalSeconds], [500, 30]);
  const { rows: [stored] } = await api.database.pool.query(`select settings -> 'health' as health from platform`);
  assert.deepEqual(stored.health, { slowMs: 500 }, 'what has a default is not stored');
});

test('reeve health shows hostnames by containers, and why one is not well; reeve status names it', async () => {
  const env = { REEVE_API: api.url, REEVE_TOKEN: api.token };
  const { stdout, code } = await reeve(['health'], env);
  assert.equal(code, 0);
  assert.match(stdout, /^HOSTNAME +c000000001 +c000000002\nalpha\.localhost +up \d+ ms +up \d+ ms\nbeta\.localhost +up \d+ ms +down\n/);
  assert.match(stdout, /beta\.localhost +c000000002 +down .*answered 502/);
  assert.equal(JSON.parse((await reeve(['health', '--json', '--verdict', 'down'], env)).stdout).items.length, 1);
  const status = await reeve(['status'], env);
  assert.equal(status.code, 9);
  assert.match(status.stdout, /probes +3 up, 1 down/);
  assert.match(status.stdout, /hostname +beta\.localhost +down in c000000002: .*502/);
});
