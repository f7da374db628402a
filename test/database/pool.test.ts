/** What a pool's user sees of connections that end under it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { fromPostgres, translated } from '../../src/database/errors.ts';
import { createPool, type Pool, transaction } from '../../src/database/pool.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { until } from '../local/wait.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';

let database: TestDatabase;
let pool: Pool;
before(async () => {
  database = await testDatabase();
  await database.pool.query('create table noted (what text)');
  pool = createPool(database.url, { name: 'test paused', max: 2 });
});
after(async () => {
  await pool.end();
  await database.drop();
});

const gone = (pid: number) => until('its backend is gone', async () =>
  (await database.pool.query('select 1 from pg_stat_activity where pid = $1', [pid])).rowCount === 0);
const pidOf = async (client: Pick<Pool, 'query'>): Promise<number> => (await client.query('select pg_backend_pid() as pid')).rows[0].pid;

/** A transaction that writes, is cut off between two statements, and goes on. */
async function cutOff(cut: (client: Pick<Pool, 'query'>, pid: number) => Promise<unknown>): Promise<void> {
  const late = transaction(pool, 'begin', async (client) => {
    const pid = await pidOf(client);
    await client.query(`insert into noted values ('late')`);
    await cut(client, pid);
    await gone(pid);
    await client.query(`insert into noted values ('later')`);
  });
  await assert.rejects(late, (error) => isReeveError(error, 'unavailable'));
  assert.deepEqual((await database.pool.query('select * from noted')).rows, []);
  assert.equal((await pool.query('select 1 as one')).rows[0].one, 1, 'the pool goes on');
}

test('a connection that is ended in the middle of a transaction fails it, and nothing else', async () => {
  await cutOff((_, pid) => database.pool.query('select pg_terminate_backend($1)', [pid]));
});

test('fault 16: a transaction whose process is paused lets go of what it has locked, and is refused when it comes back', async () => {
  const { rows: [{ limit }] } = await pool.query(`select current_setting('idle_in_transaction_session_timeout') as limit`);
  assert.equal(limit, '20s');
  await cutOff((client) => client.query(`set local idle_in_transaction_session_timeout = '50ms'`));
});

test('a database that is away fails a transaction as that, also where it connects and where it commits', async () => {
  const away = (error: unknown) => isReeveError(error, 'unavailable');
  const nobody = createPool('postgres://nobody@127.0.0.1:9/none', { name: 'test away' });
  await assert.rejects(transaction(nobody, 'begin', async () => {}), away);
  await nobody.end();
  const committing = transaction(pool, 'begin', async (client) => {
    const pid = await pidOf(client);
    await database.pool.query('select pg_terminate_backend($1)', [pid]);
    await gone(pid);
  });
  await assert.rejects(committing, away);
});

test('a statement that takes too long says that the database does not answer, whoever gives it up', async () => {
  const slowly = 'select pg_sleep(20)';
  const away = (error: unknown) => isReeveError(error, 'unavailable');
  const server = transaction(pool, 'begin', async (client) => {
    await client.query(`set local statement_timeout = '50ms'`);
    await client.query(slowly);
  });
  await assert.rejects(server, away);
  const client = new pg.Client({ connectionString: database.url, query_timeout: 50 });
  client.on('error', () => {});
  await client.connect();
  await assert.rejects(translated(client.query(slowly)), away);
  await client.end();
});

test('a network or a resolver that is away for a while is no fault that nobody foresaw', () => {
  for (const code of ['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'EAI_AGAIN']) {
    assert.ok(isReeveError(fromPostgres(Object.assign(new Error('x'), { code })), 'unavailable'), code);
  }
});
