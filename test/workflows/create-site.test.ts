import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { STEPS } from '../../src/domain/run.ts';
import { startRun } from '../../src/temporal/start.ts';
import { type TestControl, testControl } from './control.ts';
import { ended, requestSite } from './platform.ts';

let platform: TestControl;
before(async () => { platform = await testControl(); });
after(async () => { await platform?.close(); });

test('a requested site is created, with each step on record', async () => {
  const { pool, client } = platform;
  const { site, hostname, run } = await requestSite(pool);
  await startRun(client, pool, run);
  const row = await ended(pool, run);
  assert.equal(row.state, 'completed', JSON.stringify(row.error));
  assert.equal(row.progress, 1);
  const steps = await pool.query(`select name, state from run_step where run = $1 and ended_at is not null order by started_at`, [run]);
  assert.deepEqual(steps.rows.filter((step) => STEPS.createSite.includes(step.name)),
    STEPS.createSite.map((name) => ({ name, state: 'completed' })));
  const served = await pool.query('select s.phase, h.phase as bound from site s join hostname h on h.site = s.id where s.id = $1 and h.hostname = $2', [site, hostname]);
  assert.deepEqual(served.rows, [{ phase: 'live', bound: 'bound' }]);
  const locks = await pool.query('select * from run_lock where run = $1', [run]);
  assert.equal(locks.rowCount, 0);
});

test('further hostnames are bound by runs of their own, one that is taken is named', async () => {
  const { pool } = platform;
  const taken = (await requestSite(pool)).hostname;
  const { site, run } = await requestSite(pool, undefined, [
    { hostname: 'www.example.org', role: 'alias' }, { hostname: taken, role: 'alias' },
  ]);
  const row = await ended(pool, run);
  assert.equal(row.state, 'completed', JSON.stringify(row.error));
  assert.match(JSON.stringify(row.result), new RegExp(`notRequested.*${taken}.*exists`));
  const { rows } = await pool.query<{ id: string }>(`select id from run where site = $1 and type = 'bindHostname'`, [site]);
  assert.equal(rows.length, 1);
  assert.equal((await ended(pool, rows[0]!.id)).state, 'completed');
  const bound = await pool.query('select phase, role from hostname where hostname = $1 and site = $2', ['www.example.org', site]);
  assert.deepEqual(bound.rows, [{ phase: 'bound', role: 'alias' }]);
});

test('Temporal shows who, what and how it stands', async () => {
  const { pool, client } = platform;
  const { site, hostname, run } = await requestSite(pool);
  await ended(pool, run);
  const handle = client.workflow.getHandle(run);
  await handle.result();
  const description = await handle.describe();
  assert.equal(await description.staticSummary(), `createSite site:${site}`);
  assert.match((await description.staticDetails()) ?? '', new RegExp(`hostname: \`${hostname}\``));
  const attributes = Object.fromEntries(description.typedSearchAttributes.getAll().map((pair) => [pair.key.name, pair.value]));
  assert.deepEqual({ ...attributes }, { ...attributes, SiteId: site, Hostname: hostname, Outcome: 'completed', TriggeredBy: 'token:k000000test' });
  const stands = await handle.query<{ published: boolean; steps: { name: string; state: string }[] }>('describe');
  assert.equal(stands.published, true);
  assert.ok(stands.steps.every((step) => step.state === 'completed'), JSON.stringify(stands));
});
