/** What the judge makes of containers that are silent, ended, or never ready. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOCK } from '../../src/control/judge/loop.ts';
import { transaction } from '../../src/database/pool.ts';
import { all, containers, database, decisions, freshRows, incidents, ledger, runs, seen, settings, steady } from './judged.ts';

freshRows();

test('when both containers of two fall silent nobody is replaced, and somebody is told', async () => {
  await database.pool.query(`delete from container where id = 'c00000000c'`);
  await database.pool.query(`insert into container (id, slot, role, state, incarnation, lease_expires_at) values ('c00000000e', 'e', 'edge', 'ready', 1, 'infinity')`);
  await database.pool.query(`update container set lease_expires_at = now() - interval '1 second' where role = 'site'`);
  await seen();
  assert.deepEqual(await incidents(), [], 'a judge that has only just begun says nothing');
  await seen(steady(['c00000000e']));
  assert.deepEqual(await incidents(), [{ subject: 'platform', cause: 'members-silent', state: 'open', why: null }]);
  assert.deepEqual(await all('select severity from incident'), [{ severity: 'critical' }]);
  assert.deepEqual(await decisions(), ['observed none']);
  assert.deepEqual(await runs(), []);
  await database.pool.query(`update container set lease_expires_at = 'infinity'`);
  await seen();
  assert.deepEqual((await incidents()).map(({ why }) => why), ['most containers are heard of again']);
});

test('a container that starts again and never becomes ready keeps its incident, and is replaced', async () => {
  const set = (what: string) => database.pool.query(`update container set ${what} where id = 'c00000000a'`);
  await set(`lease_expires_at = now() - interval '1 second'`);
  await settings({ mode: 'observe' });
  await seen(steady(containers.slice(1)));
  await set(`incarnation = 2, state = 'starting', lease_expires_at = 'infinity'`);
  await seen(steady(containers.slice(1)));
  assert.deepEqual((await incidents()).map(({ cause, state }) => [cause, state]), [['lease-lapsed', 'open']], 'it lives, and does not serve');
  // It dies and starts again all the time: no start of it takes three minutes.
  await set(`unready_since = now() - interval '4 minutes'`);
  await set(`incarnation = 3, state = 'starting', started_at = now()`);
  await settings({ mode: 'auto' });
  await seen(steady(containers.slice(1)));
  assert.deepEqual((await incidents()).map(({ cause, state }) => [cause, state]), [['lease-lapsed', 'open'], ['not-ready', 'open']]);
  assert.deepEqual((await runs()).map(({ type, input }) => [type, input.incarnation]), [['replaceContainer', 3]]);
  await set(`state = 'ready'`);
  await seen();
  assert.deepEqual((await incidents()).map(({ why }) => why), ['its lease holds again', 'it is ready']);
});

test('a container, or an edge, that is ended from outside is at fault after three minutes: one is replaced, the other told', async () => {
  await database.pool.query(`insert into container (id, slot, role, state, incarnation, lease_expires_at) values ('c00000000e', 'e', 'edge', 'ready', 1, 'infinity')`);
  const ended = ['c00000000a', 'c00000000e'];
  // As its agent records it, told by SIGTERM.
  for (const state of ['draining', 'ended']) await database.pool.query(`update container set state = $2, lease_expires_at = now() + interval '15 seconds' where id = any($1)`, [ended, state]);
  await seen(steady(containers));
  assert.deepEqual(await incidents(), [], 'whoever stops it may start it again');
  await database.pool.query(`update container set unready_since = unready_since - interval '4 minutes', lease_expires_at = now() - interval '1 second' where id = any($1)`, [ended]);
  await seen(steady(containers.slice(1)));
  assert.deepEqual((await all('select subject, cause, evidence from incident order by id')).map(({ subject, cause, evidence }) => [subject, cause, evidence.seen]), [
    ['container:c00000000a', 'not-ready', ['c00000000a was told to end from outside: it is ended']],
    ['container:c00000000e', 'not-ready', ['c00000000e was told to end from outside: it is ended']]]);
  assert.deepEqual((await runs()).map(({ type, input }) => [type, input.container]), [['replaceContainer', 'c00000000a']]);
});

test('one that was ended has said so: its silence does not make that of another one doubtful', async () => {
  await database.pool.query(`delete from container where id = 'c00000000c'`);
  await database.pool.query(`insert into container (id, slot, role, state, incarnation, lease_expires_at) values ('c00000000e', 'e', 'edge', 'ready', 1, now() - interval '1 second')`);
  await database.pool.query(`update container set state = 'ended', lease_expires_at = now() - interval '1 second' where id = 'c00000000a'`);
  await seen(steady(['c00000000b']));
  assert.deepEqual((await incidents()).map(({ subject, cause }) => [subject, cause]), [['container:c00000000e', 'edge-lost']]);
});

test('after all was stopped, and is started the next day, each is given its three minutes', async () => {
  await database.pool.query(`update container set state = 'ended', lease_expires_at = now() - interval '1 day'`);
  await database.pool.query(`update container set unready_since = now() - interval '1 day'`);
  await database.pool.query(`update container set state = 'starting', incarnation = 2, lease_expires_at = 'infinity' where id = 'c00000000a'`);
  await database.pool.query(`update container set state = 'ready', lease_expires_at = 'infinity' where id = 'c00000000b'`);
  await seen(steady(containers.slice(0, 2), [], 60_000));
  assert.deepEqual([await incidents(), await runs()], [[], []]);
  await database.pool.query(`update container set state = 'ready', lease_expires_at = 'infinity' where id <> 'c00000000a'`);
  await seen(steady(containers));
  assert.deepEqual((await incidents()).map(({ subject, cause }) => [subject, cause]), [['container:c00000000a', 'not-ready']], 'then no longer');
});

test('a judge that finds another one looking forgets nothing of its three minutes', async () => {
  await database.pool.query(`update container set state = 'starting' where id = 'c00000000a'`);
  await database.pool.query(`update container set unready_since = now() - interval '4 minutes' where id = 'c00000000a'`);
  const memory = await transaction(database.pool, 'begin', async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
    return await seen(steady(containers));
  });
  assert.deepEqual(await incidents(), [], 'it is the other one’s matter');
  await seen(memory);
  assert.deepEqual((await incidents()).map(({ cause }) => cause), ['not-ready']);
});

test('one that a run waits for is that run’s matter, however long it starts', async () => {
  await database.pool.query(`update container set state = 'starting' where id = 'c00000000a'`);
  await database.pool.query(`update container set unready_since = now() - interval '4 minutes' where id = 'c00000000a'`);
  await database.pool.query(`insert into run (id, type, subject, input, actor) values ('w00000000z', 'launchContainer', 'container:c00000000a', '{}', '{}')`);
  await database.pool.query(`insert into run_lock values ('container:c00000000a', 'exclusive', 'w00000000z')`);
  await seen(steady(containers));
  assert.deepEqual(await incidents(), []);
});

test('an edge that is lost is an incident, and is not replaced', async () => {
  await database.pool.query(`insert into container (id, slot, role, state, incarnation, lease_expires_at) values ('c00000000e', 'e', 'edge', 'ready', 1, now() - interval '1 second')`);
  await seen(steady(containers));
  assert.deepEqual((await incidents()).map(({ subject, cause }) => [subject, cause]), [['container:c00000000e', 'edge-lost']]);
  assert.match((await ledger())[0].reason, /an edge is not replaced/);
  assert.deepEqual(await runs(), []);
});
