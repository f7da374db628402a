/** The application's own role in Postgres: it does its work, and cannot change what the audit says. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createPool, type Pool } from '../../src/database/pool.ts';
import { sealAudit, verifyAudit } from '../../src/database/runs/audit-chain.ts';
import { writeAudit } from '../../src/database/write-audit.ts';
import { type TestDatabase, testDatabase } from '../postgres.ts';

let database: TestDatabase;
let app: Pool;
before(async () => {
  database = await testDatabase();
  app = createPool(database.appUrl, { name: 'test app', max: 2 });
});
after(async () => {
  await app?.end();
  await database?.drop();
});

test('it adds to the audit, seals it and reads it, and can change, remove or unguard none of it', async () => {
  await writeAudit(app, { actor: { kind: 'system', id: 'test', name: 'test' }, action: 'test.done', subject: 'platform' });
  assert.equal(await sealAudit(app), 1);
  assert.equal((await verifyAudit(app)).intact, true);
  // Nothing is granted by one who may not; Postgres warns, and refuses nothing.
  await app.query('grant update on audit to reeve_app');
  for (const statement of [
    `update audit set reason = 'never said'`, 'update audit set hash = null', 'delete from audit', 'truncate audit', 'drop table audit',
    'alter table audit disable trigger audit_kept', 'alter table audit owner to reeve_app', 'drop trigger audit_kept on audit',
    `set session_replication_role = 'replica'`, 'drop function keep_audit() cascade',
    `create or replace function canonical_audit(p audit) returns text language sql as $$ select '' $$`,
    `create or replace function seal_audit(p_limit integer) returns integer language sql as $$ select 0 $$`,
    'create table audit_2 (id bigint)', `delete from migration`, 'create role another', 'alter role reeve_app superuser',
  ]) {
    await assert.rejects(app.query(statement), (error: { code?: string }) => error.code === '42501', statement);
  }
  const { intact, sealed, unsealed } = await verifyAudit(app);
  assert.deepEqual([intact, sealed, unsealed], [true, 1, 0]);
});

test('it has every other table for its work, and makes and drops the partitions of health', async () => {
  const { rows } = await app.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname not in ('audit', 'migration')
       and not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
         and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))`);
  assert.deepEqual(rows, []);
  const { rows: [made] } = await app.query(`select make_health_partition('sweep', '2020-01-01T00:00Z') as name`);
  const { rows: dropped } = await app.query(`select * from drop_health_partitions('sweep', '2021-01-01T00:00Z') as name`);
  assert.deepEqual(dropped, [made]);
});
