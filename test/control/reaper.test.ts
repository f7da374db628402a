import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHousekeeping } from '../../src/control/housekeeping.ts';
import { claimRun, requestRun } from '../../src/database/run.ts';
import { newRequest } from '../../src/database/runs/request.ts';
import type { RunType } from '../../src/domain/run.ts';
import { type TestControl, testControl } from '../workflows/control.ts';
import { ACTOR, ended, leftovers, lost, quiet, request, requestSite, until } from '../workflows/platform.ts';

let platform: TestControl;
before(async () => { platform = await testControl(); });
after(async () => { await platform?.close(); });

test('a run that someone terminates in Temporal fails, lets go of its subject, and what it made is purged', async () => {
  const { pool, client, at } = platform;
  const { site, run } = await requestSite(pool, (id) => at.plan(id, 'createStore', 'hangs'));
  await until('it to hang', async () => at.happened(run) > 0);
  await client.workflow.getHandle(run).terminate('on purpose');
  const row = await ended(pool, run);
  assert.deepEqual([row.state, row.error?.message], ['failed', 'its workflow was terminated in Temporal']);
  at.release(run);
  await until('nothing to be left', async () => (await leftovers(pool, site)).length === 0);
  const { rows } = await pool.query('select type, state from run where site = $1 order by requested_at', [site]);
  assert.deepEqual(rows, [{ type: 'createSite', state: 'failed' }, { type: 'purgeSite', state: 'completed' }]);
});

/** What is left of everything that a terminated run was about, once what settles it is over. */
async function settled(run: string): Promise<{ left: object; by: string[] }> {
  const { pool } = platform;
  assert.equal((await ended(pool, run)).state, 'failed');
  const { rows: [of] } = await pool.query<{ subject: string; site: string | null }>('select subject, site from run where id = $1', [run]);
  const later = async () => (await pool.query<{ type: string; state: string; error: object | null }>(
    `select type, state, error from run where subject = $1 and requested_at > (select requested_at from run where id = $2) order by requested_at`, [of!.subject, run])).rows;
  await until('it to be settled', async () => (await later()).every(({ state }) => state !== 'requested' && state !== 'running'));
  const { rows: locks } = await pool.query('select l.subject from run_lock l join run r on r.id = l.run where r.subject = $1', [of!.subject]);
  const { rows: made } = await pool.query<{ part: string; state: string }>('select part, state from made where site = $1 order by part', [of!.site]);
  const { rows: [site] } = await pool.query('select phase, release, secret_version as secrets from site where id = $1', [of!.site]);
  return {
    left: { locks, ...site, made: Object.fromEntries(made.map(({ part, state }) => [part, state])) },
    by: (await later()).map(({ type, state }) => `${type} ${state}`),
  };
}

const OPEN = { role: 'open', database: 'open', store: 'open' };
const PUT_ASIDE = { role: 'open', database: 'locked', store: 'locked' };
const SITE = { locks: [], phase: 'live', release: 'r000000001', secrets: 1, made: OPEN };
const UPGRADED = { ...SITE, release: 'r000000002', made: { ...OPEN, database: 'on r000000002' } };
const RESTORED = { ...SITE, made: { ...OPEN, database: 'restored' } };
const DELETED = { ...SITE, phase: 'deleted', made: PUT_ASIDE };

/** Type, the step at whose end it is terminated, what is left, and what was asked for to settle it. */
const CUT_OFF: readonly (readonly [RunType, string, object, string])[] = [
  ['suspendSite', 'publishSuspension', { ...SITE, phase: 'suspended' }, ''],
  ['upgradeSite', 'confirmUpgradable', SITE, 'settleRun completed'],
  ['upgradeSite', 'snapshotDatabase', RESTORED, 'settleRun completed'],
  ['upgradeSite', 'migrateDatabase', RESTORED, 'settleRun completed'],
  ['upgradeSite', 'publishUpgrade', UPGRADED, 'settleRun completed'],
  ['upgradeSite', 'dropSnapshot', UPGRADED, 'settleRun completed'],
  ['rotateSecrets', 'letIntoStore', SITE, 'settleRun completed'],
  ['rotateSecrets', 'publishSecrets', { ...SITE, secrets: 2, made: { ...OPEN, 'key v2': 'open', 'login v2': 'open' } }, 'settleRun completed'],
  ['deleteSite', 'unpublishSite', DELETED, 'settleRun completed'],
  ['restoreSite', 'unlockDatabase', DELETED, 'settleRun completed'],
  ['restoreSite', 'republishSite', SITE, 'settleRun completed'],
];

test('whatever run is terminated, at whichever step: nothing half made, no lock', { concurrency: 6 }, async (t) => {
  const { pool, at } = platform;
  await Promise.all(CUT_OFF.map(([type, step, left, by]) => t.test(`${type} at ${step}`, async () => {
    const { site, run } = await requestSite(pool);
    assert.equal((await ended(pool, run)).state, 'completed');
    if (type === 'restoreSite') await ended(pool, await request(pool, 'deleteSite', { site }));
    const input = { site, ...(type === 'upgradeSite' ? { release: 'r000000002' } : {}) } as never;
    const cut = await request(pool, type, input, (id) => at.plan(id, step, 'is terminated'));
    assert.deepEqual(await settled(cut), { left, by: by === '' ? [] : [by] });
  })));
});

test('a purge that is terminated is due again, though the site could still have been restored', async () => {
  const { pool, at } = platform;
  const { site, run } = await requestSite(pool);
  await ended(pool, run);
  await ended(pool, await request(pool, 'deleteSite', { site }));
  const cut = await request(pool, 'purgeSite', { site }, (id) => at.plan(id, 'dropDatabase', 'is terminated'));
  assert.equal((await ended(pool, cut)).state, 'failed');
  // Not at once.
  await pool.query(`update run set ended_at = ended_at - interval '2 minutes' where id = $1`, [cut]);
  const housekeeping = startHousekeeping({ pool, log: quiet, everyMs: 200 });
  try {
    await until('nothing to be left', async () => (await leftovers(pool, site)).length === 0);
  } finally {
    await housekeeping.stop();
  }
});

test('a settling that is terminated itself is asked for again', async () => {
  const { pool, at } = platform;
  const { site, run } = await requestSite(pool);
  await ended(pool, run);
  const cut = await request(pool, 'upgradeSite', { site, release: 'r000000002' }, (id) => at.plan(id, 'migrateDatabase', 'is terminated'));
  at.planFor((input) => (input as { of?: string }).of === cut, 'planSettling', 'is terminated');
  const settlings = async () => (await pool.query<{ id: string; state: string }>(`select id, state from run where type = 'settleRun' and input ->> 'of' = $1 order by requested_at`, [cut])).rows;
  const first = await until('the first to fail', async () => (await settlings()).find(({ state }) => state === 'failed'));
  await pool.query(`update run set ended_at = ended_at - interval '2 minutes' where id = $1`, [first.id]);
  const housekeeping = startHousekeeping({ pool, log: quiet, everyMs: 200 });
  try {
    await until('another one to complete', async () => (await settlings()).some(({ state }) => state === 'completed'));
  } finally {
    await housekeeping.stop();
  }
  const { rows } = await pool.query(`select state from made where site = $1 and part in ('database', 'snapshot')`, [site]);
  assert.deepEqual(rows, [{ state: 'restored' }]);
});

test('a release whose preparing is terminated has failed, and says which run; one that is ready stays', async () => {
  const { pool, at } = platform;
  const phaseOf = async (release: string) => (await pool.query('select phase from release where id = $1', [release])).rows[0].phase;
  await pool.query(`insert into release (id, codebase, source, phase) values ('r000000008', 'test', '-', 'preparing'), ('r000000009', 'test', '-', 'preparing')`);
  const cut = await request(pool, 'prepareRelease', { release: 'r000000008' }, (id) => at.plan(id, 'installRelease', 'is terminated'));
  assert.deepEqual((await settled(cut)).by, ['settleRun completed']);
  assert.equal(await phaseOf('r000000008'), 'failed');
  const { rows: [said] } = await pool.query(`select reason from audit where subject = 'release:r000000008' and after ->> 'phase' = 'failed'`);
  assert.equal(said.reason, `run ${cut}: its workflow was terminated in Temporal`);

  await pool.query(`update release set phase = 'ready' where id = 'r000000009'`);
  const late = await request(pool, 'prepareRelease', { release: 'r000000009' }, (id) => at.plan(id, 'markReady', 'is terminated'));
  assert.deepEqual((await settled(late)).by, ['settleRun completed']);
  assert.equal(await phaseOf('r000000009'), 'ready');
});

test('a container whose launch or drain is terminated goes', async () => {
  const { pool, at } = platform;
  const asked: string[] = [];
  at.onDone = (name, input) => { if (name === 'end') asked.push((input as { container: string }).container); };
  await pool.query(`insert into container (id, slot, role, incarnation, wanted) values
    ('c000000001', 'one', 'site', 1, 'running'), ('c000000002', 'two', 'site', 1, 'drained'), ('c000000003', 'three', 'site', 1, 'running'),
    ('c000000004', 'four', 'site', 1, 'running'), ('c000000005', 'five', 'site', 1, 'running')`);
  const launch = await request(pool, 'launchContainer', { container: 'c000000001', slot: 'one' }, (id) => at.plan(id, 'launch', 'is terminated'));
  const drain = await request(pool, 'drainContainer', { container: 'c000000002', incarnation: 1 }, (id) => at.plan(id, 'drain', 'is terminated'));
  const early = await request(pool, 'drainContainer', { container: 'c000000003', incarnation: 1 }, (id) => at.plan(id, 'claim', 'is terminated'));
  const replace = await request(pool, 'replaceContainer', { container: 'c000000004', incarnation: 1, successor: 'c000000005', incident: null },
    (id) => at.plan(id, 'launch', 'is terminated'));
  for (const run of [launch, drain, early, replace]) assert.deepEqual((await settled(run)).by, ['settleRun completed']);
  assert.deepEqual(asked.sort(), ['c000000001', 'c000000002', 'c000000005']);
});

test('a creation that is terminated after it was published still binds its further hostnames', async () => {
  const { pool, at } = platform;
  const hostname = 'further.example.org';
  const { run, site } = await requestSite(pool, (id) => at.plan(id, 'publishSite', 'is terminated'), [{ hostname, role: 'alias' }]);
  await pool.query(`insert into hostname (hostname, site, role, phase, created_at) values ($1, $2, 'alias', 'reserved', now() - interval '6 minutes')`, [hostname, site]);
  assert.equal((await ended(pool, run)).state, 'failed');
  await until('it to be bound', async () => (await pool.query(`select 1 from hostname where hostname = $1 and phase = 'bound'`, [hostname])).rowCount);
});

test('a run that Temporal lost before it was claimed is started again', async () => {
  const { pool } = platform;
  const { run } = await lost(pool, (client) => requestSite(client));
  assert.equal((await ended(pool, run)).state, 'completed');
});

test('a run that Temporal lost after it was claimed fails', async () => {
  const { pool } = platform;
  const { run } = await lost(pool, async (client) => {
    const request = newRequest('suspendSite', { site: 's000000000' });
    await requestRun(client, request, ACTOR);
    assert.equal(await claimRun(client, request.id, 'an execution that is gone'), true);
    return { run: request.id };
  });
  const row = await ended(pool, run);
  assert.deepEqual([row.state, row.error?.message], ['failed', 'Temporal does not know its workflow any more']);
  const { rows } = await pool.query('select * from run_lock where run = $1', [run]);
  assert.deepEqual(rows, []);
});
