import pg from 'pg';
import { fromPostgres } from '../database/errors.ts';
import { transaction } from '../database/pool.ts';
import { isReeveError, ReeveError } from '../domain/errors.ts';

/** The server that holds the sites' databases, as its superuser. Errors are ReeveErrors where there is a type for them. */
export interface SitesServer {
  /** Its id in `database_server`. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Runs one statement, in no transaction, in the server's own database: CREATE DATABASE takes none. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Runs one transaction in the server's own database. */
  transaction<T>(work: (client: Queryable) => Promise<T>): Promise<T>;
  /**
   * Does `work` while nobody else, in any process, works on the same subject (a step and its late repetition). The
   * server it is given is this one through the connection that holds the lock, so waiting takes no second one.
   */
  alone<T>(subject: string, work: (server: SitesServer) => Promise<T>): Promise<T>;
  /** Runs statements on one connection inside a site's database or a template. */
  inside<T>(database: string, work: (client: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type Queryable = Pick<pg.ClientBase, 'query'>;

// Any fixed number: the first half of the advisory locks on subjects.
const SUBJECT_LOCK = 7_331_003;

/**
 * @param url  a superuser's, to the database `postgres` or another that is no site's
 * @param id   the server's row in `database_server`
 */
export function openSitesServer(url: string, id: string): SitesServer {
  // No limit of time for a statement: copying a database takes as long as it is big; the caller's own deadline holds.
  const pool = new pg.Pool({
    connectionString: url, application_name: 'reeve sites', max: 8, connectionTimeoutMillis: 10_000, keepAlive: true,
  });
  pool.on('error', () => {});
  // As createPool: one that dies while it stands still with a lock, or inside a transaction, would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  const { host, port } = new pg.Client({ connectionString: url });

  const through = (client: pg.PoolClient | null): SitesServer => ({
    id,
    host,
    port,
    query: (sql, values) => translated(id, async () => (await (client ?? pool).query(sql, values)).rows),
    transaction: (work) => translated(id, () => (client ? within(client, work) : transaction(pool, 'begin', work))),
    alone: (subject, work) => translated(id, () => (client ? work(through(client)) : locked(pool, subject, (own) => work(through(own))))),
    inside: (database, work) => translated(id, () => inside(url, database, work)),
    close: () => pool.end(),
  });
  return through(null);
}

async function translated<T>(id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const ours = fromPostgres(error);
    if (!isReeveError(ours, 'unavailable') || ours.fields.databaseServer) throw ours;
    throw new ReeveError('unavailable', `the database server ${id} does not answer`, { databaseServer: id }, error);
  }
}

async function locked<T>(pool: pg.Pool, subject: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('select pg_advisory_lock($1, hashtext($2))', [SUBJECT_LOCK, subject]);
    const result = await work(client);
    await client.query('select pg_advisory_unlock($1, hashtext($2))', [SUBJECT_LOCK, subject]);
    broken = false;
    return result;
  } finally {
    // After a failure the connection ends, and its lock with it, whatever state it was in.
    client.release(broken);
  }
}

async function within<T>(client: pg.PoolClient, work: (client: Queryable) => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

async function inside<T>(url: string, database: string, work: (client: Queryable) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: withDatabase(url, database),
    application_name: 'reeve sites',
    connectionTimeoutMillis: 10_000,
    // Wins over what a database's owner may have set for it: a superuser resolves no name in a tenant's schema.
    options: '-c search_path=pg_catalog',
  });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

/** End all sessions in a database, or of a role, where no new ones may begin: returns when none is left. */
export async function endSessions(server: SitesServer, by: 'datname' | 'usename', name: string): Promise<void> {
  for (;;) {
    // Waits up to 5 s for each; one that was just coming in is seen by the next round.
    const rows = await server.query<{ gone: boolean }>(
      `select pg_terminate_backend(pid, 5000) as gone from pg_stat_activity where ${by} = $1`, [name]);
    if (rows.length === 0) return;
  }
}

/**
 * Once a server: nobody but its superusers enters the databases that come with it, so that a site's role can connect
 * to its own and to no other. Idempotent.
 * @returns databases that are not ours and that every role may still enter; whose they are is not for Reeve to say
 */
export async function prepareServer(server: SitesServer): Promise<{ openToAll: string[] }> {
  for (const database of ['postgres', 'template1']) {
    await server.query(`revoke all on database ${database} from public`);
  }
  const rows = await server.query<{ datname: string }>(
    `select datname from pg_database where datallowconn and has_database_privilege('public', oid, 'connect')
       and datconnlimit <> 0 order by 1`);
  return { openToAll: rows.map((row) => row.datname) };
}
