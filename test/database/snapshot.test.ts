import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commitChange, type Write } from '../../src/database/change.ts';
import { newId } from '../../src/database/new-id.ts';
import { readChanges, readSnapshot } from '../../src/database/snapshot.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
  await commit([{ table: 'database_server', op: 'insert', values: { id: 'local', host: 'localhost', port: 5432 } }]);
});
after(() => database.drop());

const actor = { kind: 'system', id: 'test', name: 'test' } as const;
const commit = (writes: readonly Write[]) => commitChange(database.pool, { actor, type: 'test.changed', metadata: {}, writes });
const site = (id = newId('s')): Write => ({ table: 'site', op: 'insert', values: { id, name: `n-${id}`, phase: 'live', database_server: 'local' } });
const hostname = (name: string, of: string): Write => ({ table: 'hostname', op: 'insert', values: { hostname: name, site: of, role: 'alias', phase: 'bound' } });

test('a snapshot is one generation, whole, while others write', async () => {
  let writing = true;
  const writers = Promise.all(Array.from({ length: 4 }, async () => {
    while (writing) {
      const id = newId('s');
      await commit([site(id), hostname(`${id}.example.org`, id)]);
      await commit([{ table: 'hostname', op: 'delete', key: { hostname: `${id}.example.org` } }]);
    }
  }));
  let last = await readSnapshot(database.pool);
  for (let i = 0; i < 60; i++) {
    const snapshot = await readSnapshot(database.pool);
    assert.ok(snapshot.generation >= last.generation);
    for (const row of [...snapshot.sites.values(), ...snapshot.hostnames.values()]) {
      assert.ok(row.rev <= snapshot.generation);
    }
    for (const { site } of snapshot.hostnames.values()) assert.ok(snapshot.sites.has(site));
    last = snapshot;
  }
  writing = false;
  await writers;
});

test('changes applied to an older snapshot are the newer one, with its removals told', async () => {
  const [a, b] = [newId('s'), newId('s')];
  await commit([site(a), hostname('a.example.org', a)]);
  const before = await readSnapshot(database.pool);
  assert.equal(await readChanges(database.pool, before), null);
  await commit([site(b), hostname('b.example.org', b)]);
  await commit([{ table: 'hostname', op: 'delete', key: { hostname: 'a.example.org' } }, { table: 'site', op: 'delete', key: { id: a } }]);
  const changes = (await readChanges(database.pool, before))!;
  assert.deepEqual(changes.desired, await readSnapshot(database.pool));
  assert.deepEqual([...changes.tombstones.sites], [a]);
  assert.deepEqual([...changes.tombstones.hostnames], ['a.example.org']);
  assert.deepEqual(new Set(changes.changedSites), new Set([a, b]));
});

test('rows that vanished behind its back are a failed read, never fewer sites', async () => {
  const id = newId('s');
  await commit([site(id), hostname(`${id}.example.org`, id)]);
  const before = await readSnapshot(database.pool);
  await database.pool.query('delete from hostname where hostname = $1', [`${id}.example.org`]);
  await assert.rejects(() => readSnapshot(database.pool), (error) => isReeveError(error, 'read-failed') && /hostnames/.test(error.message));
  await commit([site()]);
  // Each change is read on top of what one has, which still holds the row: only the whole read can see that it is lost.
  const changed = (await readChanges(database.pool, before))!;
  assert.ok(changed.desired.hostnames.has(`${id}.example.org`));
  await database.pool.query('update platform set hostnames = hostnames - 1');
  await database.pool.query('truncate site, hostname cascade');
  await assert.rejects(() => readSnapshot(database.pool), (error) => isReeveError(error, 'read-failed'));
});
