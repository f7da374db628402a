import pg from 'pg';
import { translated } from './errors.ts';

// bigint: generations and revs stay far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export type Pool = pg.Pool;
export type Client = pg.PoolClient;

/** A pool, or one client inside a transaction: what an operation needs that is a single statement by itself. */
export interface Queryable {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<Row>>;
  /** With a name, the server keeps the plan: for what is asked thousands of times. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(named: { name: string; text: string; values: unknown[] }): Promise<pg.QueryResult<Row>>;
}

/**
 * A pool to the platform's database.
 *
 * @param url    a Postgres URL
 * @param name   shown in pg_stat_activity, e.g. `reeve api`
 * @param max    connections at most
 *
 * Connecting gives up after 5 s and a statement after 30 s, so that a database that is away is an error, never a hang. A
 * transaction in which nothing is said for 20 s is ended by the server: its process is paused, and what it has locked (the
 * platform's row, which orders all changes; the judge's lock) would be held for as long as that. When it is back it is refused.
 */
export function createPool(url: string, { name, max = 5 }: { name: string; max?: number }): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: name,
    max,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 20_000,
    // The server's own limit does not help where the server itself hangs, or the network swallows its answer.
    query_timeout: 35_000,
    keepAlive: true,
  });
  // An idle connection that dies is replaced at its next use; without a listener it would end the process. So would one
  // that dies between two statements of a transaction, where the pool does not listen: the next statement is refused.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/**
 * Run `work` in one transaction; commits when it returns, rolls back when it throws.
 * @throws what `work` throws; Postgres's own errors, also of connecting and committing, as ReeveErrors where there is a type for them
 */
export function transaction<T>(pool: Pool, begin: string, work: (client: Client) => Promise<T>): Promise<T> {
  return translated(inTransaction(pool, begin, work));
}

async function inTransaction<T>(pool: Pool, begin: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    // A connection in doubt is not given back to the pool.
    await client.query('rollback').then(
      () => client.release(),
      (broken) => client.release(broken as Error),
    );
    throw error;
  }
}

/** Run `work` in the transaction that `db` is in already, or in one of its own. */
export async function within<T>(db: Queryable, work: (db: Queryable) => Promise<T>): Promise<T> {
  return db instanceof pg.Pool ? await transaction(db, 'begin', work) : await work(db);
}
