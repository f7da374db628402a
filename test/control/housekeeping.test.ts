import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHousekeeping } from '../../src/control/housekeeping.ts';
import { containersToEnd } from '../../src/database/runs/overdue.ts';
import { ended, quiet, request, requestBinding, requestSite, until } from '../workflows/platform.ts';
import { type TestControl, testControl } from '../workflows/control.ts';

let platform: TestControl;
before(async () => { platform = await testControl({ dnsServers: ['127.0.0.1:9'] }); });
after(async () => { await platform?.close(); });

/** One pass of it, and until `what` holds. */
async function untilKept(what: string, look: () => Promise<unknown>): Promise<void> {
  const housekeeping = startHousekeeping({ pool: platform.pool, log: quiet, everyMs: 200 });
  try {
    await until(what, async () => Boolean(await look()));
  } finally {
    await housekeeping.stop();
  }
}

test('an unproved hostname is looked at again, and is free after 72 hours', async () => {
  const { pool, at } = platform;
  const { site, run } = await requestSite(pool);
  await ended(pool, run);
  const hostname = 'proof.example.org';
  const first = await requestBinding(pool, { site, hostname, role: 'alias' }, (id) => at.plan(id, 'proveOwnership', 'is unproved'));
  assert.equal((await ended(pool, first)).error?.type, 'conflict');
  // Not at once: minutes after the last try.
  await pool.query(`update run set ended_at = ended_at - interval '6 minutes' where id = $1`, [first]);
  const runs = async () => (await pool.query<{ id: string }>(`select id from run where subject = $1 order by requested_at`, [`hostname:${hostname}`])).rows;
  await untilKept('another try', async () => (await runs()).length === 2);
  assert.equal((await ended(pool, (await runs())[1]!.id)).state, 'completed', 'no proof is asked for by then');

  const late = 'late.example.org';
  const held = await requestBinding(pool, { site, hostname: late, role: 'alias' }, (id) => at.plan(id, 'proveOwnership', 'is unproved'));
  await ended(pool, held);
  await pool.query(`update hostname set created_at = now() - interval '73 hours' where hostname = $1`, [late]);
  await untilKept('it to be free', async () =>
    (await pool.query(`select 1 from hostname where hostname = $1 and deleted_at is not null`, [late])).rowCount);
  assert.equal((await ended(pool, await requestBinding(pool, { site, hostname: late, role: 'alias' }))).state, 'completed');
});

test('tombstones go after 30 days, with what belonged to them, and answers after one', async () => {
  const { pool } = platform;
  const { site, run } = await requestSite(pool);
  await ended(pool, run);
  for (const type of ['deleteSite', 'purgeSite'] as const) await ended(pool, await request(pool, type, { site }));
  const there = async () => (await pool.query('select 1 from site where id = $1 union all select 1 from hostname where site = $1', [site])).rowCount;
  assert.equal(await there(), 2, 'its tombstones are there');
  await pool.query(`insert into idempotency (key, actor, request_hash, status, response, at) values ('k', 'a', 'h', 200, '{}', now() - interval '25 hours')`);
  await pool.query(`update site set deleted_at = now() - interval '31 days' where id = $1`, [site]);
  await pool.query(`update hostname set deleted_at = now() - interval '31 days' where site = $1`, [site]);
  await untilKept('the tombstones to go', async () => (await there()) === 0);
  assert.equal((await pool.query('select 1 from idempotency')).rowCount, 0);
});

test('what was probed last in a container goes when that one has ended for good, or has no row', async () => {
  const { pool } = platform;
  await pool.query(`insert into container (id, slot, role, state, wanted, incarnation) values
    ('c00000000x', 'x', 'site', 'ended', 'ended', 1), ('c00000000v', 'v', 'site', 'ended', 'running', 1), ('c00000000y', 'y', 'site', 'draining', 'ended', 1)`);
  await pool.query(`insert into latest_probe (container, hostname, site, incarnation, verdict, kind, at, since)
    select id, 'a.test', 's000000001', 1, 'down', 'deep', now(), now() from unnest(array['c00000000v', 'c00000000x', 'c00000000y', 'c00000000z']) id`);
  const of = async () => (await pool.query('select container from latest_probe order by 1')).rows.map(({ container }) => container);
  await untilKept('the rows to go', async () => (await of()).length < 4);
  assert.deepEqual(await of(), ['c00000000v', 'c00000000y']);
});

test('a container that started anew between its draining and its end is ended all the same', async () => {
  const { pool } = platform;
  await pool.query(`insert into container (id, slot, role, state, wanted, incarnation) values ('c00000000d', 'd', 'site', 'draining', 'drained', 2)`);
  const runs = async () => (await pool.query(`select id, type, input from run where subject = 'container:c00000000d'`)).rows;
  await untilKept('a run for it', async () => (await runs()).length > 0);
  // Containers end in the ledger only here, so the row stays as it is; again at once it is not asked for.
  const [{ id, ...asked }] = await runs();
  assert.deepEqual(asked, { type: 'drainContainer', input: { container: 'c00000000d', incarnation: 2 } });
  assert.equal((await ended(pool, id)).state, 'completed');
  const was = (asked: string, ended: string) => pool.query('update run set requested_at = now() - $2::interval, ended_at = now() - $3::interval where id = $1', [id, asked, ended]);
  await was('3 hours', '2 minutes');
  assert.deepEqual(await containersToEnd(pool), [], 'what did not come of it for hours is tried ever more seldom');
  await was('3 hours', '30 minutes');
  await untilKept('another run for it', async () => (await runs()).length === 2);
});
