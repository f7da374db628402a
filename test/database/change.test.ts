import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import pg from 'pg';
import { type Change, commitChange, type Write } from '../../src/database/change.ts';
import { newId } from '../../src/database/new-id.ts';
import { claimRun, finishRun, requestRun } from '../../src/database/run.ts';
import { newRequest } from '../../src/database/runs/request.ts';
import { isReeveError, type ErrorType } from '../../src/domain/errors.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';

let database: TestDatabase;
before(async () => { database = await testDatabase(); });
after(() => database.drop());

const actor = { kind: 'user', id: 'u1', name: 'Ada' } as const;
const commit = (writes: readonly Write[], more: Partial<Change> = {}) =>
  commitChange(database.pool, { actor, type: 'test.changed', metadata: {}, writes, ...more });
const site = (id = newId('s'), more: object = {}): Write =>
  ({ table: 'site', op: 'insert', values: { id, name: `n-${id}`, phase: 'live', database_server: 'local', ...more } });
const one = async (sql: string, values: unknown[] = []) => (await database.pool.query(sql, values)).rows[0];
const platform = () => one('select * from platform');

/** Refused with that type, and with nothing done. */
async function refused(type: ErrorType, attempt: () => Promise<unknown>): Promise<Record<string, unknown>> {
  const before = await platform();
  let fields: Record<string, unknown> = {};
  await assert.rejects(attempt, (error) => {
    if (!isReeveError(error, type)) throw error;
    fields = error.fields;
    return true;
  });
  assert.deepEqual(await platform(), before, 'nothing was done');
  return fields;
}

beforeEach(async () => {
  await commit([{ table: 'database_server', op: 'insert', values: { id: 'local', host: 'localhost', port: 5432 } }]).catch((error) => {
    if (!isReeveError(error, 'exists')) throw error;
  });
});

test('fifty at once are fifty generations in one order, each with its event and audit', async () => {
  const { generation: from } = await platform();
  const done = await Promise.all(Array.from({ length: 50 }, () => commit([site()])));
  const generations = done.map((each) => each.generation).sort((a, b) => a - b);
  assert.deepEqual(generations, Array.from({ length: 50 }, (_, i) => from + 1 + i));
  for (const { generation, rows } of done) assert.equal(rows[0]!.rev, generation);
  const { events, audits, times } = await one(
    `select (select count(*)::int from event where id > $1) as events, (select count(*)::int from audit where generation > $1) as audits,
       (select bool_and(at >= before) from (select at, lag(at) over (order by id) as before from event where id > $1) e where before is not null) as times`, [from]);
  assert.deepEqual([events, audits, times], [50, 50, true]);
  assert.equal((await platform()).sites, (await one('select count(*)::int as n from site where deleted_at is null')).n);
});

test('a change says who, what, before and after; variables stay out of it', async () => {
  const id = newId('s');
  await commit([site(id, { env: { SECRET: 'v1.abc' } })]);
  await commit([{ table: 'site', op: 'update', key: { id }, values: { owner: 'Eve', env: { SECRET: 'v1.def' } } }], { type: 'site.updated', reason: 'asked by phone' });
  const row = await one("select * from audit where subject = $1 order by id desc limit 1", [`site:${id}`]);
  assert.deepEqual([row.actor, row.action, row.reason, row.before.owner, row.after.owner], [actor, 'site.updated', 'asked by phone', null, 'Eve']);
  assert.ok(!JSON.stringify(row).includes('v1.'));
  assert.deepEqual((await one('select env from site where id = $1', [id])).env, { SECRET: 'v1.def' });
});

test('a notification says what, when, which generation and of whom, as JSON', async () => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query('listen reeve');
    const told = new Promise<string>((resolve) => client.once('notification', ({ payload }) => resolve(payload!)));
    const id = newId('s');
    const { generation, epoch } = await commit([site(id)], { type: 'site.made', metadata: { site: id } });
    const { timestamp, ...message } = JSON.parse(await told);
    assert.deepEqual(message, { id: generation, type: 'site.made', epoch, generation, metadata: { site: id } });
    assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000);
    const event = await one('select * from event where id = $1', [generation]);
    assert.deepEqual([event.type, event.metadata, event.actor], ['site.made', { site: id }, actor]);
  } finally {
    await client.end();
  }
});

test('what is not as expected is refused: stale, in another phase, or gone', async () => {
  const id = newId('s');
  const { generation: rev } = await commit([site(id)]);
  const update = (expect: object): Write => ({ table: 'site', op: 'update', key: { id }, values: { owner: 'x' }, expect: expect as Record<string, unknown> });
  await refused('stale', () => commit([update({ rev: rev - 1 })]));
  await refused('conflict', () => commit([update({ phase: 'suspended' })]));
  await refused('conflict', () => commit([update({ phase: ['suspended', 'deleted'] })]));
  await refused('conflict', () => commit([update({ owner: 'y' })]));
  await commit([update({ rev, phase: ['live', 'suspended'], owner: null })]);
  await refused('not-found', () => commit([{ table: 'site', op: 'update', key: { id: newId('s') }, values: { owner: 'x' } }]));
  await refused('exists', () => commit([site(id)]));
  await refused('exists', () => commit([site(newId('s'), { name: `n-${id}` })]));
});

test('a check looks and writes nothing', async () => {
  const id = newId('s');
  const { generation: rev } = await commit([site(id)]);
  const { rows } = await commit([{ table: 'site', op: 'check', key: { id }, expect: { phase: 'live' } }]);
  assert.equal(rows[0]!.rev, rev);
  assert.equal((await one('select rev from site where id = $1', [id])).rev, rev);
  await refused('conflict', () => commit([{ table: 'site', op: 'check', key: { id }, expect: { phase: 'deleted' } }]));
});

test('all of a change or none of it', async () => {
  const [first, second] = [newId('s'), newId('s')];
  await refused('conflict', () => commit([site(first), site(second), { table: 'site', op: 'update', key: { id: first }, values: {}, expect: { phase: 'deleted' } }]));
  assert.equal((await one('select count(*)::int as n from site where id = any($1)', [[first, second]])).n, 0);
});

test('what is deleted stays as a tombstone, is counted no more, and its name is free', async () => {
  const [a, b] = [newId('s'), newId('s')];
  await commit([site(a), site(b), { table: 'hostname', op: 'insert', values: { hostname: `${a}.example.org`, site: a, role: 'alias', phase: 'bound' } }]);
  const { hostnames, sites } = await platform();
  const { generation } = await commit([{ table: 'hostname', op: 'delete', key: { hostname: `${a}.example.org` } }]);
  const tombstone = await one('select rev, deleted_at from hostname where hostname = $1', [`${a}.example.org`]);
  assert.equal(tombstone.rev, generation);
  assert.ok(tombstone.deleted_at);
  assert.deepEqual([(await platform()).hostnames, (await platform()).sites], [hostnames - 1, sites]);
  await refused('not-found', () => commit([{ table: 'hostname', op: 'update', key: { hostname: `${a}.example.org` }, values: { role: 'redirect' } }]));
  await commit([{ table: 'hostname', op: 'insert', values: { hostname: `${a}.example.org`, site: b, role: 'alias', phase: 'bound' } }]);
  assert.equal((await platform()).hostnames, hostnames);
});

test('two requests for one subject at once: one wins, and the other learns who', async () => {
  for (let round = 0; round < 10; round++) {
    const id = newId('s');
    await commit([site(id)]);
    const requests = ['suspendSite', 'deleteSite', 'suspendSite'].map((type) => newRequest(type as 'suspendSite', { site: id }));
    const done = await Promise.allSettled(requests.map((request) => commit([], { request })));
    const won = requests.filter((_, i) => done[i]!.status === 'fulfilled');
    assert.equal(won.length, 1);
    for (const each of done) {
      if (each.status === 'fulfilled') continue;
      assert.ok(isReeveError(each.reason, 'busy'));
      assert.deepEqual([each.reason.fields.run, each.reason.fields.subject], [won[0]!.id, `site:${id}`]);
    }
    assert.equal((await one('select count(*)::int as n from run where site = $1', [id])).n, 1);
  }
});

test('shared locks go together, and a run that has ended holds none', async () => {
  const id = newId('s');
  await commit([site(id)]);
  const bind = (hostname: string) => newRequest('bindHostname', { site: id, hostname, role: 'alias' });
  const first = bind('a.example.org');
  await commit([], { request: first });
  await commit([], { request: bind('b.example.org') });
  await refused('busy', () => commit([], { request: bind('a.example.org') }));
  await refused('busy', () => requestRun(database.pool, newRequest('suspendSite', { site: id }), actor));
  await finishRun(database.pool, first.id, 'failed', {});
  await commit([], { request: bind('a.example.org') });
});

test('a request is on record also where nothing is written yet', async () => {
  const id = newId('s');
  await commit([site(id)]);
  const request = newRequest('suspendSite', { site: id });
  await commit([], { request, type: 'site.suspending' });
  const row = await one('select * from audit where run = $1', [request.id]);
  assert.deepEqual([row.subject, row.action, row.actor], [`site:${id}`, 'site.suspending', actor]);
});

test('a run is claimed once and finished once, and a change on behalf of an ended one is superseded', async () => {
  const id = newId('s');
  await commit([site(id)]);
  const request = newRequest('suspendSite', { site: id });
  await commit([], { request });
  await refused('superseded', () => commit([], { run: request.id }));
  const claims = await Promise.all(['t1', 't2', 't3'].map((run) => claimRun(database.pool, request.id, run)));
  assert.equal(claims.filter(Boolean).length, 1);
  const winner = ['t1', 't2', 't3'][claims.indexOf(true)]!;
  assert.equal(await claimRun(database.pool, request.id, winner), true, 'its own claim, repeated, is the same claim');
  await commit([{ table: 'site', op: 'update', key: { id }, values: { phase: 'suspended' } }], { run: request.id });
  assert.deepEqual(await Promise.all([finishRun(database.pool, request.id, 'completed', {}), finishRun(database.pool, request.id, 'failed', {})]).then((done) => done.filter(Boolean).length), 1);
  await refused('superseded', () => commit([], { run: request.id }));
  assert.equal(await claimRun(database.pool, request.id, winner), false);
});

test('fault 9: the shrink guard lets ten of many go, and the eleventh only with an approval, once', async () => {
  const other = await testDatabase();
  const { pool } = other;
  const put = (writes: readonly Write[], more: Partial<Change> = {}) => commitChange(pool, { actor, type: 'test.changed', metadata: {}, writes, ...more });
  try {
    const ids = Array.from({ length: 60 }, () => newId('s'));
    await put([{ table: 'database_server', op: 'insert', values: { id: 'local', host: 'x', port: 1 } }, ...ids.map((id) => site(id))]);
    const remove = (id: string): Write => ({ table: 'site', op: 'update', key: { id }, values: { phase: 'deleted' } });
    for (const id of ids.slice(0, 10)) await put([remove(id)]);
    const wanted = (error: unknown) => isReeveError(error, 'approval-needed') && error.fields.removed === 11;
    await assert.rejects(() => put([remove(ids[10]!)]), wanted);
    await assert.rejects(() => put([remove(ids[10]!)], { approval: 'a000000000' }), wanted, 'one that nobody gave');
    await pool.query("insert into approval (id, kind, subject, request, requested_by, state) values ('a000000001', 'removal', 'x', '{}', '{}', 'approved')");
    await put([remove(ids[10]!)], { approval: 'a000000001' });
    await assert.rejects(() => put([remove(ids[11]!)], { approval: 'a000000001' }), (error) => isReeveError(error, 'approval-needed'), 'it is used up');
    await assert.rejects(() => put(ids.slice(12, 30).map(remove)), (error) => isReeveError(error, 'approval-needed'), 'many in one change count too');
    await pool.query("update removal set at = at - interval '61 minutes'");
    await put([remove(ids[11]!)]);
  } finally {
    await other.drop();
  }
});

test('a change writes to desired tables alone', async () => {
  for (const table of ['token', 'run', 'pg_class', 'site; drop table site']) {
    await assert.rejects(() => commit([{ table: table as 'site', op: 'insert', values: { id: 'x' } }]));
  }
  assert.ok(await one('select 1 as ok from site limit 1'));
});
