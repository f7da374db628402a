import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSweep } from '../../src/control/sweep.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { cancelRun } from '../../src/temporal/cancel.ts';
import { startRun } from '../../src/temporal/start.ts';
import { type TestControl, testControl } from '../workflows/control.ts';
import { ended, leftovers, quiet, requestSite, until } from '../workflows/platform.ts';

let platform: TestControl;
/** Runs are requested here before there is a control worker. */
let idle: TestControl;
before(async () => {
  [platform, idle] = await Promise.all([testControl(), testControl({ started: false })]);
});
after(async () => {
  await Promise.all([platform?.close(), idle?.close()]);
});

test('a run whose starter died between commit and start is started by the sweep, once', async () => {
  const { pool, client } = platform;
  const { site, run } = await requestSite(pool);
  // Others try as well, as an API that was only slow would.
  await Promise.all([startRun(client, pool, run), startRun(client, pool, run), startRun(client, pool, run)]);
  assert.equal((await ended(pool, run)).state, 'completed');
  assert.equal(await startRun(client, pool, run), false);
  await until('Temporal to list it', async () => (await client.workflow.count(`WorkflowId = '${run}'`)).count === 1);
  const { rows } = await pool.query(
    `select count(*) from event where type = 'site.published' and metadata ->> 'site' = $1`, [site]);
  assert.deepEqual(rows, [{ count: 1 }]);
});

test('an operator’s reason is shown where it was cancelled', async () => {
  const { pool, client, at } = platform;
  const { site, run } = await requestSite(pool, (id) => at.plan(id, 'createDatabase', 'is cancelled'));
  const row = await ended(pool, run);
  assert.deepEqual([row.state, row.error?.message], ['compensated', 'cancelled: on purpose']);
  assert.deepEqual(await leftovers(pool, site), []);
  await until('Temporal to show it', async () => (await client.workflow.getHandle(run).describe()).status.name === 'CANCELLED');
});

test('a run that has published is not cancelled, and stops no other from being', async () => {
  const { pool, client, at } = platform;
  const late = await requestSite(pool, (id) => at.plan(id, 'converge', 'hangs'));
  await until('it to have published', async () => at.happened(late.run) > 0);
  await assert.rejects(cancelRun(client, late.run, 'too late'), (error) => isReeveError(error, 'conflict'));
  await assert.rejects(cancelRun(client, late.run, ' '), (error) => isReeveError(error, 'invalid'));
  await pool.query('update run set cancel_requested_at = clock_timestamp() where id = $1', [late.run]);
  const early = await requestSite(pool, (id) => at.plan(id, 'createStore', 'hangs'));
  await until('it to hang', async () => at.happened(early.run) > 0);
  await pool.query(`update run set cancel_requested_at = clock_timestamp() where id = $1`, [early.run]);
  await until('it to be told', async () => (await client.workflow.getHandle(early.run).query<{ cancelReason: string | null }>('describe')).cancelReason);
  at.release(early.run);
  at.release(late.run);
  assert.equal((await ended(pool, early.run)).state, 'compensated');
  assert.equal((await ended(pool, late.run)).state, 'completed');
});

test('not more are started at once than there is room for', async () => {
  const { client, pool, url } = idle;
  const sweep = startSweep({ client, pool, url, log: quiet, everyMs: 50, inFlight: 3 });
  try {
    for (let i = 0; i < 5; i += 1) await requestSite(pool);
    const started = async () => (await pool.query<{ id: string }>('select id from run where started_at is not null')).rows;
    await until('three to be started', async () => (await started()).length === 3);
    await pool.query(`select finish_run($1, 'failed', null, null)`, [(await started())[0]!.id]);
    await until('a fourth to be started in its place', async () => (await started()).length === 4);
  } finally {
    await sweep.stop();
  }
});

test('a run that is cancelled before it is started, or before it has a worker, undoes what its request made', async () => {
  const { client, pool } = idle;
  const unstarted = await requestSite(pool);
  await pool.query('update run set cancel_requested_at = clock_timestamp() where id = $1', [unstarted.run]);
  const unclaimed = await requestSite(pool);
  await startRun(client, pool, unclaimed.run);
  assert.equal(await cancelRun(client, unclaimed.run, 'no worker answers'), 'accepted');
  idle.start();
  for (const { run, site } of [unstarted, unclaimed]) {
    assert.equal((await ended(pool, run)).state, 'compensated');
    assert.deepEqual(await leftovers(pool, site), []);
  }
});
