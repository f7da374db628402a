import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHousekeeping } from '../../src/control/housekeeping.ts';
import { commitChange } from '../../src/database/change.ts';
import { transaction } from '../../src/database/pool.ts';
import { requestCancelRun } from '../../src/database/requests/runs.ts';
import { requestDeleteSite } from '../../src/database/requests/site-life.ts';
import type { RunInputs, RunType } from '../../src/domain/run.ts';
import { cancelRun } from '../../src/temporal/cancel.ts';
import { type TestControl, testControl } from './control.ts';
import { type Member, startMember } from './member.ts';
import { ACTOR, ended, leftovers, quiet, request, requestSite, until } from './platform.ts';

let platform: TestControl;
let members: Member[];
before(async () => {
  platform = await testControl();
  members = await Promise.all([startMember(platform), startMember(platform)]);
});
after(async () => {
  await Promise.all((members ?? []).map((member) => member.stop()));
  await platform?.close();
});

async function newSite(): Promise<string> {
  const { site, run } = await requestSite(platform.pool);
  assert.equal((await ended(platform.pool, run)).state, 'completed');
  return site;
}
const done = async <Type extends RunType>(type: Type, input: RunInputs[Type]) =>
  await ended(platform.pool, await request(platform.pool, type, input));
async function completes<Type extends RunType>(type: Type, input: RunInputs[Type]) {
  const run = await done(type, input);
  assert.equal(run.state, 'completed', JSON.stringify(run.error));
  return run;
}
const rowOf = async (site: string) => (await platform.pool.query(
  'select phase, release, previous_release, purge_at, deleted_at from site where id = $1', [site])).rows[0];
const madeOf = async (site: string) => Object.fromEntries((await platform.pool.query<{ part: string; state: string }>(
  'select part, state from made where site = $1', [site])).rows.map(({ part, state }) => [part, state]));

test('suspended, its containers are asked for the maintenance page; resumed, for the site', async () => {
  const site = await newSite();
  const asked: string[] = [];
  members[0]!.judge = (target) => { asked.push(target.expect); return null; };
  await completes('suspendSite', { site });
  assert.equal((await rowOf(site)).phase, 'suspended');
  await completes('resumeSite', { site });
  assert.equal((await rowOf(site)).phase, 'live');
  members[0]!.judge = () => null;
  assert.deepEqual(asked, ['maintenance', 'page']);
  assert.equal((await done('resumeSite', { site })).state, 'completed', 'asked twice is done once');
});

test('deleted, a site’s parts are put aside; restored, it is what it was before', async () => {
  const site = await newSite();
  await completes('suspendSite', { site });
  await completes('deleteSite', { site });
  const gone = await rowOf(site);
  assert.equal(gone.phase, 'deleted');
  const days = (gone.purge_at.getTime() - Date.now()) / 86_400_000;
  assert.ok(days > 6.9 && days <= 7, `${days} days`);
  assert.deepEqual(await madeOf(site), { role: 'open', database: 'locked', store: 'locked' });

  await completes('restoreSite', { site });
  assert.deepEqual([(await rowOf(site)).phase, (await rowOf(site)).purge_at], ['suspended', null]);
  assert.deepEqual(await madeOf(site), { role: 'open', database: 'open', store: 'open' });
  assert.equal((await done('restoreSite', { site })).state, 'superseded');
});

test('a deletion, and what settles one, have nothing to cancel: whoever tries is told why, and the site’s parts are put aside', async () => {
  const { pool, at, client } = platform;
  const site = await newSite();
  const asking = { db: pool, actor: ACTOR };
  const toldNo = async (run: string, why: RegExp) => {
    await until('it to be claimed', async () => at.happened(run) > 0);
    try {
      await assert.rejects(requestCancelRun(asking, run), { type: 'conflict', message: why });
      await assert.rejects(cancelRun(client, run, 'on purpose'), { type: 'conflict', message: why });
      // By hand, in Temporal.
      await client.workflow.getHandle(run).cancel();
    } finally {
      at.release(run);
    }
    assert.equal((await ended(pool, run)).state, 'completed');
    assert.deepEqual(await madeOf(site), { role: 'open', database: 'locked', store: 'locked' });
  };
  const { run } = await transaction(pool, 'begin', async (db) => {
    const asked = await requestDeleteSite({ ...asking, db }, site);
    at.plan(asked.run, 'claim', 'hangs');
    return asked;
  });
  await toldNo(run, /restore the site instead/);
  await pool.query(`update made set state = 'open' where site = $1`, [site]);
  const settles = await request(pool, 'settleRun', { of: run as never, type: 'deleteSite', site: site as never }, (id) => at.plan(id, 'claim', 'hangs'));
  await toldNo(settles, /left half made/);
});

test('a restoring that fails puts all of it aside again', async () => {
  const site = await newSite();
  await completes('deleteSite', { site });
  const { pool, at } = platform;
  for (const activity of ['unlockStore', 'unlockDatabase', 'republishSite']) {
    const run = await request(pool, 'restoreSite', { site }, (id) => at.plan(id, activity, 'fails before'));
    assert.equal((await ended(pool, run)).state, 'compensated', activity);
    assert.deepEqual(await madeOf(site), { role: 'open', database: 'locked', store: 'locked' }, activity);
  }
});

test('a deleted site is purged when its time has come, a live one never', async () => {
  const live = await newSite();
  const refused = await done('purgeSite', { site: live });
  assert.deepEqual([refused.state, await madeOf(live)], ['superseded', { role: 'open', database: 'open', store: 'open' }]);

  const site = await newSite();
  await completes('deleteSite', { site });
  await platform.pool.query(`update site set purge_at = now() - interval '1 second' where id = $1`, [site]);
  const housekeeping = startHousekeeping({ pool: platform.pool, log: quiet, everyMs: 100 });
  try {
    await until('nothing to be left', async () => (await leftovers(platform.pool, site)).length === 0);
  } finally {
    await housekeeping.stop();
  }
  assert.notEqual((await rowOf(site)).deleted_at, null, 'its tombstone stays');
});

test('upgraded, a site is on the new release and keeps the old one’s files', async () => {
  const site = await newSite();
  await completes('upgradeSite', { site, release: 'r000000002' });
  const row = await rowOf(site);
  assert.deepEqual([row.release, row.previous_release], ['r000000002', 'r000000001']);
  assert.deepEqual(await madeOf(site), { role: 'open', database: 'on r000000002', store: 'open' });
});

test('an upgrade whose migration fails, or is cancelled, leaves the data as they were', async () => {
  const { pool, at } = platform;
  for (const kind of ['fails after', 'is cancelled'] as const) {
    const site = await newSite();
    const run = await request(pool, 'upgradeSite', { site, release: 'r000000002' }, (id) => at.plan(id, 'migrateDatabase', kind));
    assert.equal((await ended(pool, run)).state, 'compensated');
    assert.deepEqual([(await rowOf(site)).release, await madeOf(site)],
      ['r000000001', { role: 'open', database: 'restored', store: 'open' }], kind);
  }
});

test('a release that answers nowhere is taken back with its data; one container alone does not decide', async () => {
  const site = await newSite();
  const broken = async (_: unknown, of: string) =>
    of === site && (await rowOf(site)).release === 'r000000002' ? '/ answered 500' : null;
  for (const member of members) member.judge = broken;
  const run = await done('upgradeSite', { site, release: 'r000000002' });
  assert.equal(run.state, 'compensated', JSON.stringify(run.error));
  assert.match(run.error!.message, /does not answer on release r000000002: c\w+ .*answered 500/);
  assert.deepEqual([(await rowOf(site)).release, await madeOf(site)],
    ['r000000001', { role: 'open', database: 'restored', store: 'open' }]);

  members[1]!.judge = () => null;
  const partly = await completes('upgradeSite', { site, release: 'r000000002' });
  members[0]!.judge = () => null;
  assert.equal((partly.result as { probes: { bad: string[] } }).probes.bad.length, 1);
  assert.equal((await rowOf(site)).release, 'r000000002');
});

test('a release that answers nowhere is taken back, however many hostnames say so', async () => {
  const site = await newSite();
  const hostnames = Array.from({ length: 60 }, (_, i) => `${site}-${i}.example.org`);
  await commitChange(platform.pool, { actor: ACTOR, type: 'test', metadata: {}, writes: hostnames.map((hostname) => (
    { table: 'hostname', op: 'insert', values: { hostname, site, role: 'alias', phase: 'bound' } })) });
  for (const member of members) member.judge = async (_, of) => (of === site && (await rowOf(site)).release === 'r000000002' ? '/ answered 500' : null);
  const run = await done('upgradeSite', { site, release: 'r000000002' });
  for (const member of members) member.judge = () => null;
  assert.equal(run.state, 'compensated', JSON.stringify(run.error));
  assert.equal((await rowOf(site)).release, 'r000000001');
});

test('a hostname that was broken everywhere before sends no release back, and is named', async () => {
  const site = await newSite();
  const alias = `${site}-old.example.org`;
  await commitChange(platform.pool, { actor: ACTOR, type: 'test', metadata: {}, writes: [
    { table: 'hostname', op: 'insert', values: { hostname: alias, site, role: 'alias', phase: 'bound' } }] });
  await platform.pool.query(
    `insert into latest_probe (container, hostname, site, incarnation, verdict, kind, at, since)
     select id, $1, $2, incarnation, 'down', 'deep', now(), now() from container where id = any($3)`, [alias, site, members.map(({ container }) => container)]);
  for (const member of members) member.judge = ({ hostname }) => (hostname === alias ? '/ answered 400' : null);
  const run = await done('upgradeSite', { site, release: 'r000000002' });
  for (const member of members) member.judge = () => null;
  assert.equal(run.state, 'completed', JSON.stringify(run.error));
  const { bad, failing } = (run.result as { probes: { bad: string[]; failing: number } }).probes;
  assert.deepEqual([bad.every((line) => line.includes(alias)), bad.length, failing], [true, 2, 0]);
  assert.equal((await rowOf(site)).release, 'r000000002');
});

/** Upgrade a site; what each member was given of it by then, in order. */
async function tried(site: string): Promise<{ run: Awaited<ReturnType<typeof done>>; events: string[]; container: string | null }> {
  const run = await done('upgradeSite', { site, release: 'r000000002' });
  const { rows } = await platform.pool.query<{ type: string; container: string | null }>(
    `select type, metadata ->> 'container' as container from event where metadata ->> 'run' = $1 order by id`, [run.id]);
  return { run, events: rows.map(({ type }) => type), container: rows[0]?.container ?? null };
}
const BACK = ['r000000001', { role: 'open', database: 'restored', store: 'open' }];

test('fault 20: a release that does not start, or answer, where it is tried first is given to no other container', async () => {
  const site = await newSite();
  for (const member of members) member.refuses = 'r000000002';
  const refused = await tried(site);
  for (const member of members) member.refuses = null;
  assert.equal(refused.run.state, 'compensated', JSON.stringify(refused.run.error));
  assert.ok(refused.run.error!.message.includes(`does not start on release r000000002 in ${refused.container}, where it was tried first`), refused.run.error!.message);
  assert.match(refused.run.error!.message, /what was written from 2026-01-01T00:00:00.000Z until 2026-01-01T00:00:09.000Z is lost/);
  assert.deepEqual(refused.events, ['site.trial', 'site.trial-ended'], 'it was never published');
  assert.deepEqual([(await rowOf(site)).release, await madeOf(site)], BACK);

  const asked: string[] = [];
  for (const member of members) {
    member.judge = async (_, of) => {
      const { rows: [row] } = await platform.pool.query('select trial from site where id = $1', [of]);
      if (of === site) asked.push(member.container);
      return of === site && row.trial?.container === member.container ? '/ answered 500' : null;
    };
  }
  const bad = await tried(site);
  for (const member of members) member.judge = () => null;
  assert.match(bad.run.error!.message, /does not answer on release r000000002 \(.*answered 500\)/);
  assert.deepEqual([bad.run.state, asked, bad.events], ['compensated', [bad.container], ['site.trial', 'site.trial-ended']]);
  assert.deepEqual([(await rowOf(site)).release, await madeOf(site)], BACK);
});

test('fault 20: a container that refuses what another one took: the site goes back everywhere, never in between', async () => {
  const site = await newSite();
  // It becomes bad after it was tried first.
  platform.at.onDone = async (activity, given) => {
    if (activity !== 'startTrial' || (given as { site: string }).site !== site) return;
    const { rows: [row] } = await platform.pool.query(`select trial ->> 'container' as container from site where id = $1`, [site]);
    members.find(({ container }) => container !== row.container)!.refuses = 'r000000002';
  };
  const { run, events } = await tried(site).finally(() => {
    platform.at.onDone = () => {};
    for (const member of members) member.refuses = null;
  });
  assert.equal(run.state, 'compensated', JSON.stringify(run.error));
  assert.match(run.error!.message, /does not start on release r000000002 in c\w+;/);
  assert.deepEqual(events, ['site.trial', 'site.upgraded', 'site.upgraded']);
  assert.deepEqual([(await rowOf(site)).release, await madeOf(site)], BACK);
});

test('cut off while a release is tried, a site is on its former one in every container', async () => {
  const site = await newSite();
  const { pool, at } = platform;
  const run = await request(pool, 'upgradeSite', { site, release: 'r000000002' }, (id) => at.plan(id, 'startTrial', 'is terminated'));
  assert.equal((await ended(pool, run)).state, 'failed');
  await until('it to be settled', async () => (await pool.query(`select 1 from run where input ->> 'of' = $1 and state = 'completed'`, [run])).rowCount);
  assert.deepEqual([(await rowOf(site)).release, await madeOf(site)], BACK);
  assert.equal((await pool.query('select trial from site where id = $1', [site])).rows[0].trial, null);
});

test('two requests for one site at once: one is told which run holds it', async () => {
  const site = await newSite();
  const answers = await Promise.allSettled([
    request(platform.pool, 'suspendSite', { site }), request(platform.pool, 'deleteSite', { site }),
  ]);
  const [held] = answers.filter((answer) => answer.status === 'fulfilled');
  const [refused] = answers.filter((answer) => answer.status === 'rejected');
  assert.deepEqual([refused?.reason.type, refused?.reason.fields.run], ['busy', held?.value]);
  assert.equal((await ended(platform.pool, held!.value)).state, 'completed');
});
