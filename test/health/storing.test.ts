/** What is stored of sweeps, on a real Postgres: what is refused, what changes no verdict, what is kept and for how long. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { recordEnded } from '../../src/cluster/rows.ts';
import { keepHealth } from '../../src/database/health/keep.ts';
import { rollUpSweeps } from '../../src/database/health/rollup.ts';
import { compressed, type LatestProbe, readLatest, type Storing, storeSweep } from '../../src/database/health/store.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { packSweep } from '../../src/domain/sweep-pack.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { until } from '../local/wait.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';

let database: TestDatabase;
const C = 'c000000001';
/** The next one, so that the one before is not late by the time that it is stored. */
const SLOT = Math.ceil(Date.now() / 30_000) * 30_000;
const HOUR = 3_600_000;

before(async () => {
  database = await testDatabase();
  await database.pool.query(`insert into container (id, slot, role, incarnation, state) values ($1, $1, 'site', 2, 'ready')`, [C]);
});
after(() => database?.drop());

const probe = (hostname: string, verdict: Verdict, more: Partial<LatestProbe> = {}): LatestProbe => ({
  hostname, site: 's000000001', kind: 'deep', status: 200, ms: 3, answeredBy: 's000000001', reason: null, at: SLOT,
  standing: { verdict, since: SLOT, failures: 0, firstFailedAt: null, successes: 0 }, ...more,
});
function sweep(slot: number, names: readonly string[], more: Partial<Storing> = {}): Storing {
  return {
    container: C, incarnation: 2, names, changed: [],
    packed: compressed(packSweep(names.map((_, i) => ({ verdict: 'up', outcome: i === 0 ? 'bad' : 'well', kind: 'deep', status: 200, ms: 10 * i })))),
    sweep: { slot, startedAt: slot, endedAt: slot + 100, intervalSeconds: 30, hostnames: names.length, names: names.join(), counts: { up: names.length, slow: 0, down: 0, unknown: 0 } },
    ...more,
  };
}
const store = (storing: Storing) => storeSweep(database.pool, storing);
const latest = async () => (await database.pool.query('select hostname, verdict, xmin::text from latest_probe order by 1')).rows;
const transitions = async () => (await database.pool.query('select hostname, was, now from transition order by id')).rows;

test('the names are asked for once; a slot is stored once; only what changed is written', async () => {
  const names = ['a.test', 'b.test'];
  assert.equal(await store({ ...sweep(SLOT - 30_000, names), names: null }), 'names');
  const changed = [probe('a.test', 'up'), probe('b.test', 'up')];
  assert.equal(await store(sweep(SLOT - 30_000, names, { changed })), 'stored');
  const before = await latest();
  assert.deepEqual(before.map(({ hostname, verdict }) => [hostname, verdict]), [['a.test', 'up'], ['b.test', 'up']]);
  assert.deepEqual(await transitions(), [], 'a first verdict that is well is no change');
  assert.equal(await store({ ...sweep(SLOT, names), names: null, changed: [probe('b.test', 'down')] }), 'stored');
  assert.equal(await store({ ...sweep(SLOT, names), changed: [probe('b.test', 'up')] }), 'kept');
  const now = await latest();
  assert.deepEqual(now[0], before[0]);
  assert.equal(now[1].verdict, 'down');
  assert.deepEqual(await transitions(), [{ hostname: 'b.test', was: 'up', now: 'down' }]);
  assert.deepEqual((await readLatest(database.pool, C, 2)).map(({ hostname, standing }) => [hostname, standing.verdict]), [['a.test', 'up'], ['b.test', 'down']]);
});

test('whatever a probe says is stored as it was said, by a first sweep and by a later one', async () => {
  const id = 'c000000009';
  await database.pool.query(`insert into container (id, slot, role, incarnation, state) values ($1, $1, 'site', 2, 'ready')`, [id]);
  const said = (reason: string | null): LatestProbe[] => [
    probe('null', 'up', { status: null, answeredBy: null, reason, ms: 0.04, at: SLOT + 7 }),
    probe('b.test', 'down', { standing: { verdict: 'down', since: SLOT + 1, failures: 3, firstFailedAt: SLOT - 5_000, successes: 1 }, ms: 12.34 }),
  ];
  const asStored = (probes: readonly LatestProbe[]) => probes.map((each) => ({ ...each, ms: Math.round(each.ms * 10) / 10 }));
  const read = async () => (await readLatest(database.pool, id, 2)).sort((a, b) => (a.hostname > b.hostname ? -1 : 1));
  const first = said('"quoted", {braced}, \\ and NULL\n');
  assert.equal(await store({ ...sweep(SLOT - 30_000, ['null', 'b.test'], { changed: first }), container: id }), 'stored');
  assert.deepEqual(await read(), asStored(first));
  assert.deepEqual((await database.pool.query('select hostname, was, now from transition where container = $1', [id])).rows, [{ hostname: 'b.test', was: 'unknown', now: 'down' }]);
  const later = said(null);
  assert.equal(await store({ ...sweep(SLOT, ['null', 'b.test'], { changed: later }), container: id }), 'stored');
  assert.deepEqual(await read(), asStored(later));
  for (const table of ['transition', 'latest_probe', 'sweep']) await database.pool.query(`delete from ${table} where container = $1`, [id]);
  await database.pool.query('delete from container where id = $1', [id]);
});

test('suspects change verdicts after their sweep, and the counts with them; not after an older one', async () => {
  const after = (slot: number) => ({ ...sweep(slot, ['a.test', 'b.test']), packed: null });
  assert.equal(await store({ ...after(SLOT), changed: [probe('b.test', 'up')] }), 'stored');
  const { rows: [counts] } = await database.pool.query('select up, down from sweep_latest');
  assert.deepEqual(counts, { up: 2, down: 0 });
  assert.equal(await store({ ...after(SLOT - 30_000), changed: [probe('b.test', 'down')] }), 'late');
  assert.deepEqual((await transitions()).length, 2);
});

test('a late sweep is kept for the history and changes no verdict', async () => {
  const before = await latest();
  assert.equal(await store(sweep(SLOT - HOUR, ['a.test'], { changed: [probe('a.test', 'down')] })), 'late');
  assert.deepEqual(await latest(), before);
  assert.equal((await database.pool.query('select 1 from sweep where slot = $1', [new Date(SLOT - HOUR)])).rowCount, 1);
});

test('a sweep that ends long after its slot began is of now; one that was stopped in the middle is not', async () => {
  const id = 'c000000008';
  await database.pool.query(`insert into container (id, slot, role, incarnation, state) values ($1, $1, 'site', 2, 'ready')`, [id]);
  const now = Date.now();
  const at = (slot: number, startedAt: number, endedAt: number) => {
    const { sweep: row, ...rest } = sweep(slot, ['a.test'], { container: id, changed: [probe('a.test', 'down')] });
    return { ...rest, sweep: { ...row, startedAt, endedAt } };
  };
  assert.equal(await store(at(SLOT - 240_000, now - 240_000, now)), 'late');
  assert.equal(await store(at(SLOT - 90_000, now - 85_000, now - 30_000)), 'stored');
  for (const table of ['transition', 'latest_probe', 'sweep', 'sweep_latest']) await database.pool.query(`delete from ${table} where container = $1`, [id]);
  await database.pool.query('delete from container where id = $1', [id]);
});

test('fault 16: an incarnation that is over is refused whole', async () => {
  await assert.rejects(store(sweep(SLOT + 30_000, ['a.test'], { incarnation: 1 })), (error) => isReeveError(error, 'conflict'));
  assert.equal((await database.pool.query('select 1 from sweep where incarnation = 1')).rowCount, 0);
});

test('a container that was not heard of for three intervals is unknown, whatever was said last', async () => {
  const verdicts = async () => (await database.pool.query('select distinct verdict from health')).rows.map(({ verdict }) => verdict);
  assert.deepEqual(await verdicts(), ['up']);
  await database.pool.query(`update sweep_latest set stored_at = stored_at - interval '100 seconds'`);
  assert.deepEqual(await verdicts(), ['unknown']);
});

test('hostnames that are gone go with the next list', async () => {
  assert.equal(await store(sweep(SLOT + 30_000, ['a.test'])), 'stored');
  assert.deepEqual((await latest()).map(({ hostname }) => hostname), ['a.test']);
});

test('buckets that are over are rolled up once, and again when a sweep comes late', async () => {
  const at = Math.floor((Date.now() - 3 * HOUR) / HOUR) * HOUR;
  const names = ['a.test', 'b.test'];
  const storedAt = (sql: string) => database.pool.query(`update sweep set stored_at = ${sql} where slot >= $1 and slot < $2`, [new Date(at), new Date(at + HOUR)]);
  for (const slot of [at, at + 30_000]) await store(sweep(slot, names));
  await storedAt(`slot + interval '1 second'`);
  assert.ok((await rollUpSweeps(database.pool, '5m')) > 0);
  assert.ok((await rollUpSweeps(database.pool, '1h')) > 0);
  assert.equal(await rollUpSweeps(database.pool, '5m'), 0);
  const { rows } = await database.pool.query('select step, hostname, probes, failures, latency_p95 from rollup where bucket = $1 order by 1, 2', [new Date(at)]);
  const expected = (step: string) => [
    { step, hostname: 'a.test', probes: 2, failures: 2, latency_p95: null }, { step, hostname: 'b.test', probes: 2, failures: 0, latency_p95: 10 },
  ];
  assert.deepEqual(rows, [...expected('1h'), ...expected('5m')]);

  await store(sweep(at + 60_000, names));
  // As if minutes had passed since the last time.
  await storedAt(`clock_timestamp() - interval '6 minutes'`);
  await database.pool.query(`update rollup_mark set stored_before = stored_before - interval '10 minutes' where step = '5m'`);
  assert.ok((await rollUpSweeps(database.pool, '5m')) > 0);
  const { rows: [later] } = await database.pool.query(`select probes from rollup where step = '5m' and hostname = 'b.test' and bucket = $1`, [new Date(at)]);
  assert.equal(later.probes, 3);
});

test('partitions are made ahead, and dropped whole when they are over', async () => {
  await database.pool.query(`select make_health_partition('sweep', now() - interval '50 hours'), make_health_partition('rollup_5m', now() - interval '32 days'),
    make_health_partition('rollup_1h', now() - interval '14 months')`);
  const dropped = await keepHealth(database.pool);
  assert.deepEqual(dropped.map((name) => name.replace(/_\d+$/, '')), ['sweep', 'rollup_5m', 'rollup_1h']);
  assert.deepEqual(await keepHealth(database.pool), []);
  assert.equal((await database.pool.query('select 1 from sweep where slot = $1', [new Date(SLOT)])).rowCount, 1);
});

test('what was found last in a container goes with it, also what is being stored just then; its history stays', async () => {
  const id = 'c000000008';
  await database.pool.query(`insert into container (id, slot, role, incarnation, state, wanted) values ($1, $1, 'site', 2, 'draining', 'ended')`, [id]);
  const agent = await database.pool.connect();
  await agent.query('begin');
  assert.equal(await storeSweep(agent, { ...sweep(SLOT, ['a.test'], { changed: [probe('a.test', 'down')] }), container: id }), 'stored');
  const recorded = recordEnded(database.pool, { id, incarnation: 2 });
  await until('its end waits for what is being stored', async () =>
    (await database.pool.query(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).rowCount === 1);
  await agent.query('commit');
  agent.release();
  await recorded;
  const left = async (table: string) => (await database.pool.query(`select 1 from ${table} where container = $1`, [id])).rowCount;
  assert.deepEqual([await left('latest_probe'), await left('sweep'), await left('transition')], [0, 1, 1]);
});
