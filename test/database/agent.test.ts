/** What agents may do in the platform's database, as themselves. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { admitContainer } from '../../src/cluster/rows.ts';
import { grantAgentRole } from '../../src/database/agent-role.ts';
import { commitChange } from '../../src/database/change.ts';
import { joinContainer, observeContainer, readMembers } from '../../src/database/container.ts';
import { newId } from '../../src/database/new-id.ts';
import { createPool, type Pool } from '../../src/database/pool.ts';
import { requestLaunchContainer } from '../../src/database/requests/containers.ts';
import { readSnapshot } from '../../src/database/snapshot.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';

let database: TestDatabase;
let agent: Pool;
const role = `agent_${newId('k')}`;
before(async () => {
  database = await testDatabase();
  await grantAgentRole(database.pool, role, 'first');
  await grantAgentRole(database.pool, role, 'a password: @/?#');
  const url = new URL(database.url);
  url.username = role;
  url.password = encodeURIComponent('a password: @/?#');
  agent = createPool(url.href, { name: 'test agent' });
});
after(async () => {
  await agent.end();
  await database.pool.query(`drop owned by ${role}`);
  await database.pool.query(`drop role ${role}`);
  await database.drop();
});

const actor = { kind: 'system', id: 'test', name: 'test' } as const;
const PLACE = { address: '127.0.0.1', port: 9001, agentUrl: 'http://127.0.0.1:9', layout: null };
const launch = async () => (await requestLaunchContainer({ db: database.pool, actor })).container;

test('an agent reads what is wanted, joins, and records what it sees', { timeout: 60_000 }, async (t) => {
  const id = await launch();
  const incarnation = await joinContainer(agent, id, 0, PLACE);
  assert.equal(incarnation, 1);
  assert.equal(await observeContainer(agent, id, incarnation, { state: 'ready', epoch: 1, generation: 0 }), 'running');
  assert.deepEqual(await readMembers(agent), [], 'ready, but its run has not admitted it');
  const edge = await agent.connect();
  t.after(() => edge.release(true));
  const told = new Promise<string | undefined>((resolve) => edge.once('notification', ({ payload }) => resolve(payload)));
  await edge.query('listen reeve_member');
  await admitContainer(database.pool, id);
  assert.equal(await told, id, 'the edge hears of it at once, since the next may be taken out because of it');
  assert.deepEqual((await readMembers(agent)).map((member) => member.id), [id]);
  assert.ok((await readSnapshot(agent)).generation >= 0);
});

test('it can do nothing else', async () => {
  const id = await launch();
  const { rows: [{ owner }] } = await database.pool.query('select quote_ident(current_user) as owner');
  const attempts = [
    'select * from token', 'select * from audit', 'select * from site', 'select env from site', 'select * from run', 'select * from platform', 'select * from idempotency',
    `update container set wanted = 'running' where id = '${id}'`, 'delete from container', "insert into event (id, type, actor, metadata) values (1, 'x', '{}', '{}')",
    `select change('{}')`, `select request_run('{}', '{}')`, `select claim_run('${id}', 'x')`, `select finish_run('${id}', 'failed', null, null)`,
    'update desired_v1_site set phase = \'live\'', 'create table mine (x int)', 'create schema mine', `set role ${owner}`, 'copy (select 1) to program \'true\'',
  ];
  const allowed: string[] = [];
  for (const sql of attempts) {
    await agent.query(sql).then(() => allowed.push(sql), (error) => assert.ok(['42501', '0A000', '55000', '42883'].includes(error.code), `${sql}: ${error.code} ${error.message}`));
  }
  assert.deepEqual(allowed, []);
});

test('a temporary table of its own does not make it the owner', async () => {
  const id = await launch();
  // Each statement by itself on one session: whatever of it is allowed is not enough.
  const client = await agent.connect();
  const said: unknown[] = [];
  try {
    for (const sql of [
      `create temporary table container (id text, wanted text, incarnation integer, state text, started_at timestamptz, address text,
         port integer, agent_url text, layout jsonb, seen_at timestamptz, lease_expires_at timestamptz)`,
      `insert into pg_temp.container (id, wanted, incarnation, state) values ('${id}', 'running', 0, 'starting')`,
      `create function pg_temp.take() returns trigger language plpgsql as $$ begin grant select on public.token to ${role}; return new; end $$`,
      'create trigger take before update on pg_temp.container for each row execute function pg_temp.take()',
      `select join_container('${id}', 0, '{}')`,
    ]) await client.query(sql).catch((error: { code?: string }) => said.push(error.code));
  } finally {
    client.release(true);
  }
  const { rows: [{ taken }] } = await database.pool.query("select has_table_privilege($1, 'token', 'select') as taken", [role]);
  assert.equal(taken, false);
  assert.ok(said.includes('42501'), `temporary tables are refused: ${said}`);
});

test('every function that runs as its owner has a path of its own, and an agent may call three of them', async () => {
  const { rows } = await database.pool.query<{ name: string; path: string | null; allowed: boolean }>(
    `select p.oid::regprocedure::text as name, p.proconfig::text as path, has_function_privilege($1, p.oid, 'execute') as allowed
       from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace order by 1`, [role]);
  assert.deepEqual(rows.filter(({ path }) => !path?.includes('search_path=public, pg_temp')), []);
  assert.deepEqual(rows.filter(({ allowed }) => allowed).map(({ name }) => name.replace(/\(.*/, '')),
    ['join_container', 'observe_container', 'store_sweep']);
});

test('an incarnation that is over is refused, by whatever it says', async () => {
  const id = await launch();
  const first = await joinContainer(agent, id, 0, PLACE);
  await observeContainer(agent, id, first, { state: 'ready', epoch: 1, generation: 5 });
  assert.equal(await joinContainer(agent, id, first, PLACE), first, 'its agent alone was restarted');
  const second = await joinContainer(agent, id, 0, PLACE);
  assert.equal(second, first + 1);
  for (const late of [() => observeContainer(agent, id, first, { epoch: 1, generation: 9 }), () => joinContainer(agent, id, first, PLACE), () => observeContainer(agent, newId('c'), 1, {})]) {
    await assert.rejects(late, (error) => isReeveError(error, 'conflict'));
  }
  await database.pool.query("update container set wanted = 'ended' where id = $1", [id]);
  await assert.rejects(() => joinContainer(agent, id, 0, PLACE), (error) => isReeveError(error, 'conflict'));
});

test('within an incarnation the observed generation never falls', async () => {
  const id = await launch();
  const incarnation = await joinContainer(agent, id, 0, PLACE);
  await Promise.all([3, 9, 5, 7, 1].map((generation) => observeContainer(agent, id, incarnation, { epoch: 1, generation })));
  const { rows } = await database.pool.query('select observed_generation from container where id = $1', [id]);
  assert.equal(rows[0].observed_generation, 9);
});

test('quarantined sites come and go with the record, and end with the incarnation', async () => {
  const id = await launch();
  const site = newId('s');
  await commitChange(database.pool, { actor, type: 'x', metadata: {}, writes: [
    { table: 'database_server', op: 'insert', values: { id: 'local', host: 'x', port: 1 } },
    { table: 'site', op: 'insert', values: { id: site, name: 'q', phase: 'live', database_server: 'local' } },
  ] });
  const incarnation = await joinContainer(agent, id, 0, PLACE);
  const served = async () => (await database.pool.query('select served, why from convergence($1) where container = $2', [site, id])).rows[0];
  const { generation } = await readSnapshot(agent);
  await observeContainer(agent, id, incarnation, { state: 'ready', epoch: 1, generation, quarantined: [{ site, wantedRev: generation, servedRev: null, reason: 'no template' }] });
  assert.equal((await served()).served, false);
  assert.equal((await served()).why.quarantine, 'no template');
  await observeContainer(agent, id, incarnation, { epoch: 1, generation, quarantined: [] });
  assert.equal((await served()).served, true);
  await observeContainer(agent, id, incarnation, { quarantined: [{ site, wantedRev: generation, servedRev: null, reason: 'again' }] });
  await joinContainer(agent, id, 0, PLACE);
  assert.equal((await database.pool.query('select 1 from quarantine where container = $1', [id])).rowCount, 0);
});
