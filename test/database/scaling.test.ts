import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { updateSettings } from '../../src/database/requests/update-settings.ts';
import { joinContainer, observeContainer } from '../../src/database/container.ts';
import { sizeCluster } from '../../src/database/scaling.ts';
import type { Load } from '../../src/domain/observed.ts';
import type { ScalingPolicy } from '../../src/domain/scaling.ts';
import { testDatabase } from '../postgres.ts';

const database = await testDatabase();
const { pool } = database;
after(() => database.drop());

const asking = { db: pool, actor: { kind: 'token', id: 'k000000test', name: 'test' } as const };
const idle: Load = { cpu: 0.02, memory: 0.1, requests: 0, awake: 0 };
const set = async (scaling: Partial<ScalingPolicy>) => await updateSettings(asking, '*', { scaling } as Parameters<typeof updateSettings>[2]);
const look = async () => (({ action, reason, run }) => ({ action, reason, run }))(await sizeCluster(pool));
async function joined(id: string, load: Load | undefined): Promise<void> {
  await pool.query("insert into container (id, slot, role) values ($1, $1, 'site') on conflict do nothing", [id]);
  const incarnation = await joinContainer(pool, id, 0, { address: '127.0.0.1', port: 1, agentUrl: 'http://127.0.0.1:1', layout: null });
  await observeContainer(pool, id, incarnation, { state: 'ready', load });
}
const over = (run: string, state: string) => pool.query(
  "with done as (delete from run_lock where run = $1) update run set state = $2, ended_at = clock_timestamp() where id = $1", [run, state]);

test('one run at a time, for a reason that is written down; a failed one is not tried again at once', async () => {
  assert.deepEqual(await look(), { action: 'none', reason: 'scaling is off', run: null });
  await set({ mode: 'on', min: 2, max: 3, targets: { cpu: 0.5, memory: null, awake: null, requests: null } });
  const first = await look();
  assert.equal(first.action, 'launch');
  assert.match((await look()).reason, /^launchContainer w\w+ is under way$/);
  const { rows: [launch] } = await pool.query('select input, actor, subject from run where id = $1', [first.run]);
  assert.equal(launch.actor.id, 'scaling');
  await over(first.run!, 'compensated');
  await pool.query("update container set wanted = 'ended', state = 'ended'");
  assert.match((await look()).reason, /has failed: no other within 10 minutes/);
  await pool.query("update run set ended_at = ended_at - interval '11 minutes'");
  assert.equal((await look()).action, 'launch');
  const { rows } = await pool.query('select action, reason, run from sizing order by id');
  assert.deepEqual(rows.map((row) => row.action), ['launch', 'none', 'none', 'launch']);
  assert.ok(rows.every((row) => row.reason !== '' && (row.run === null) === (row.action === 'none')));
});

test('what agents record is what is decided by; two that look at once ask for one container', async () => {
  await pool.query("update run set state = 'completed', ended_at = now()");
  await pool.query('delete from run_lock');
  await pool.query('delete from container');
  await joined('c000000001', { ...idle, cpu: 0.9 });
  await joined('c000000002', { ...idle, cpu: 0.8 });
  const both = await Promise.all([look(), look()]);
  assert.deepEqual(both.map((one) => one.action).sort(), ['launch', 'none']);
  assert.ok(both.some((one) => one.reason === 'cpu asks for 4, there are 2'));
});

test('one is drained when fewer have been enough for the whole window, never an incarnation that is over', async () => {
  await pool.query("update run set state = 'completed', ended_at = now()");
  await pool.query('delete from run_lock');
  await pool.query("delete from container where state <> 'ready'");
  for (const id of ['c000000001', 'c000000002', 'c000000003']) await joined(id, { ...idle, awake: id.endsWith('2') ? 0 : 5 });
  assert.match((await look()).reason, /within 300 s/);
  await pool.query("update sizing set at = at - interval '301 seconds'");
  const drained = await look();
  assert.equal(drained.action, 'drain');
  const { rows: [run] } = await pool.query('select type, input from run where id = $1', [drained.run]);
  assert.deepEqual([run.type, run.input.container, run.input.incarnation], ['drainContainer', 'c000000002', 2]);
});

test('a container that someone else holds is left to them', async () => {
  await pool.query("update run set state = 'completed', ended_at = now() where type <> 'drainContainer'");
  // The lock outlives the run for a moment, as while its workflow ends.
  await pool.query("update run set state = 'completed', ended_at = now()");
  const left = await look();
  assert.deepEqual([left.action, left.run], ['none', null]);
  assert.match(left.reason, /container:c000000002|holds/);
});

test('contradicting settings are refused by field, and what was not said stays', async () => {
  await assert.rejects(set({ min: 9 }), (error: { type: string; fields: { errors: { path: string }[] } }) =>
    error.type === 'invalid' && error.fields.errors[0]!.path === 'scaling.min');
  assert.deepEqual((({ mode, min, max }) => ({ mode, min, max }))((await set({ max: 4 })).scaling), { mode: 'on', min: 2, max: 4 });
});
