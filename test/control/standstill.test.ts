/** What the judge makes of containers that are alive and do not follow, and of sites that are held back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitChange } from '../../src/database/change.ts';
import { ACTOR } from '../workflows/platform.ts';
import { all, containers, database, decisions, freshRows, incidents, runs, seen, sites, steady } from './judged.ts';

freshRows();

test('a container that waits for its disk is an incident of its own, with its own words, and nothing is done to it', async () => {
  const waits = (on: object[]) => database.pool.query(`update container set waiting_on = $1 where id = 'c00000000a'`, [JSON.stringify(on)]);
  await waits([{ on: 'disk', message: 'ENOSPC: no space left on device' }]);
  const { standstill } = await seen(steady(containers));
  assert.deepEqual(await incidents(), [], 'it may only be working through a change');
  await seen(steady(containers, [...standstill.keys()]));
  assert.deepEqual(await incidents(), [{ subject: 'container:c00000000a', cause: 'waits:disk', state: 'open', why: null }]);
  assert.match((await all('select title from incident'))[0].title, /ENOSPC: no space left/);
  assert.deepEqual(await decisions(), ['observed none']);
  assert.deepEqual(await all('select container, incarnation from remediation'), [{ container: 'c00000000a', incarnation: 1 }]);
  await seen();
  assert.equal((await incidents())[0].state, 'open', 'a judge that has just begun closes nothing that goes on');
  await waits([]);
  await seen();
  assert.deepEqual((await incidents()).map(({ why }) => why), ['it follows again']);
  assert.deepEqual(await runs(), []);
});

test('a container that is behind for more than 10 s is an incident; not when it has only just been heard of again', async () => {
  await database.pool.query(`update event set at = now() - interval '20 seconds'`);
  await database.pool.query(`update container set observed_generation = (select generation from platform) where id <> 'c00000000a'`);
  await seen();
  assert.deepEqual(await incidents(), [], 'the platform’s database may have been away');
  await seen(steady(containers));
  assert.deepEqual((await incidents()).map(({ subject, cause }) => [subject, cause]), [['container:c00000000a', 'behind']]);
  await database.pool.query(`update container set lease_expires_at = now() - interval '1 second' where id = 'c00000000a'`);
  await seen();
  assert.equal((await incidents())[0].state, 'open', 'of one that is not heard of nothing is known');
  await database.pool.query(`update container set lease_expires_at = 'infinity', observed_generation = (select generation from platform)`);
  await seen();
  assert.deepEqual((await incidents()).map(({ why }) => why), ['it follows again']);
});

test('a quarantined site is an incident: of the container that alone does not take it, else of the site', async () => {
  const quarantine = (container: string) => database.pool.query(
    `insert into quarantine (container, incarnation, site, wanted_rev, served_rev, reason, since) values ($1, 1, $2, 1, 1, 'no such module: x', now() - interval '1 minute')`, [container, sites[0]]);
  const trial = (container: string | null) => database.pool.query(
    `update site set trial = case when $2::text is null then null else jsonb_build_object('container', $2, 'release', release) end where id = $1`, [sites[0], container]);
  await trial('c00000000a');
  await quarantine('c00000000a');
  await seen(steady(containers));
  assert.deepEqual(await incidents(), [], 'what is only tried there is told by its run');
  await trial(null);
  await seen(steady(containers));
  assert.deepEqual((await incidents()).map(({ subject, cause }) => [subject, cause]), [['container:c00000000a', `quarantined:${sites[0]}`]]);
  await seen();
  assert.deepEqual((await incidents()).map(({ state }) => state), ['open'], 'a judge that has just begun knows it for the same');
  await quarantine('c00000000b');
  await seen(steady(containers));
  assert.deepEqual((await incidents()).map(({ subject, cause, state }) => [subject, cause, state]), [
    ['container:c00000000a', `quarantined:${sites[0]}`, 'closed'], [`site:${sites[0]}`, 'quarantined', 'open']]);
  await database.pool.query('delete from quarantine');
  await database.pool.query(`update container set state = 'starting' where id = 'c00000000b'`);
  await seen();
  assert.deepEqual((await incidents()).map(({ state }) => state), ['closed', 'open'], 'one that starts again has not tried it yet');
  await database.pool.query(`update container set state = 'ready' where id = 'c00000000b'`);
  await seen();
  assert.deepEqual((await incidents()).map(({ why }) => why), ['it is held back elsewhere too', 'its newest state is taken']);
  assert.deepEqual(new Set(await decisions()), new Set(['observed none']));
});

test('what could not be compared at check after check is an incident', async () => {
  await database.pool.query(
    `insert into integrity_check (container, incarnation, verdict, reason, files, drifted, since) values ('c00000000a', 1, 'unknown', 'its answer is not whole', 0, 0, now() - interval '10 minutes')`);
  await seen(steady(containers));
  assert.deepEqual((await incidents()).map(({ subject, cause }) => [subject, cause]), [['container:c00000000a', 'integrity-unknown']]);
  await database.pool.query(`update integrity_check set at = now() - interval '1 hour'`);
  await seen();
  assert.equal((await incidents())[0].state, 'open', 'not compared any more is not compared well');
  await database.pool.query(`update integrity_check set verdict = 'same', since = now(), at = now()`);
  await seen();
  assert.deepEqual((await incidents()).map(({ why }) => why), ['it could be compared']);
});

test('of more faults than one look handles all are told, and the critical one first', async () => {
  const many = Array.from({ length: 250 }, (_, i) => `s1${String(i).padStart(8, '0')}`);
  await commitChange(database.pool, { actor: ACTOR, type: 'test', metadata: {}, writes: many.map((id) => (
    { table: 'site', op: 'insert', values: { id, name: id, phase: 'live', database_server: 'local' } })) });
  // Of one nothing serves at all; it comes last by its id.
  await database.pool.query(
    `insert into quarantine (container, incarnation, site, wanted_rev, served_rev, reason, since)
     select c, 1, s, 1, case when s <> $2 then 1 end, 'no such module: x', now() - interval '1 minute' from unnest($1::text[]) s, unnest($3::text[]) c`,
    [many, many.at(-1), containers]);
  await seen(steady(containers));
  const first = await incidents();
  assert.equal(first.length, 200);
  assert.ok(first.some(({ subject }) => subject === `site:${many.at(-1)}`));
  await seen(steady(containers));
  assert.equal((await incidents()).length, 250);
});
