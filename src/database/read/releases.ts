import { usableConnections } from '../../domain/connections.ts';
import { ReeveError } from '../../domain/errors.ts';
import { runLink, type RunRef } from '../../domain/resources/links.ts';
import type { DatabaseServer, DatabaseServerOrder, Release, ReleaseOrder } from '../../domain/resources/release.ts';
import { translated } from '../errors.ts';
import { GIVEN } from '../server-connections.ts';
import type { Queryable } from '../pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './order.ts';

type Row = Omit<Release, 'createdAt' | 'run'> & { createdAt: Date; run: RunRef | null };

const SITES = '(select count(*)::int from site s where s.release = r.id and s.deleted_at is null)';

const SELECT = `
  select r.id, r.codebase, r.source, r.phase, r.digest, r.database_server as "databaseServer", r.rev,
    r.created_at as "createdAt", ${SITES} as sites,
    (select jsonb_build_object('id', run.id, 'type', run.type, 'state', run.state) from run_lock l join run on run.id = l.run
      where l.subject = 'release:' || r.id and l.mode = 'exclusive' limit 1) as run
  from release r where r.deleted_at is null`;

/** @throws ReeveError `not-found`, `unavailable` */
export async function readRelease(db: Queryable, id: string): Promise<Release> {
  const { rows } = await translated(db.query<Row>(`${SELECT} and r.id = $1`, [id]));
  if (!rows[0]) throw new ReeveError('not-found', `there is no release ${id}`, { release: id });
  return toResource(rows[0]);
}

const ORDERS = {
  created: { key: 'r.created_at', type: 'timestamptz' }, codebase: { key: 'r.codebase', type: 'text' }, sites: { key: SITES, type: 'numeric' },
} as const;

export interface ReleaseFilter {
  readonly limit: number;
  readonly after?: Last | null;
  readonly phase?: string | undefined;
  /** In its id, its codebase's name or where it is from. */
  readonly search?: string | undefined;
  readonly sort?: ReleaseOrder;
}

/** Releases in order, newest first unless said otherwise, each with its key; one more than `limit` when there is a next page. */
export async function listReleases(
  db: Queryable, { limit, after, phase, search, sort = '-created' }: ReleaseFilter,
): Promise<{ release: Release; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<Row & { key: string }>(
    `${keyed(SELECT, order)} and ${afterLast(order, 'r.id', 2)} and ($4::text is null or r.phase = $4)
       and ($5::text is null or strpos(r.id, $5) > 0 or strpos(r.codebase, $5) > 0 or strpos(lower(r.source), $5) > 0)
     ${inOrder(order, 'r.id')} limit $1`, [limit + 1, ...valuesOf(order, after), phase ?? null, search?.toLowerCase() ?? null]));
  return rows.map(({ key, ...row }) => ({ key, release: toResource(row) }));
}

function toResource({ run, createdAt, ...row }: Row): Release {
  return { ...row, createdAt: createdAt.toISOString(), run: run ? runLink(run) : null };
}

const SITES_OF_SERVER = '(select count(*)::int from site s where s.database_server = d.id and s.deleted_at is null)';

const SERVERS = `select d.id, d.host, d.port, d.max_connections as "maxConnections", d.rev, d.created_at as "createdAt", ${SITES_OF_SERVER} as sites,
    (select ${GIVEN} from site s where s.database_server = d.id and s.deleted_at is null) as connections
  from database_server d where d.deleted_at is null`;

const SERVER_ORDERS = { id: { key: 'd.id', type: 'text' }, sites: { key: `${SITES_OF_SERVER}::bigint`, type: 'bigint' } } as const;

/** Database servers in order, by id unless said otherwise, each with its key; one more than `limit` when there is a next page. */
export async function listDatabaseServers(
  db: Queryable, { limit, after, sort = 'id' }: { limit: number; after?: Last | null; sort?: DatabaseServerOrder },
): Promise<{ server: DatabaseServer; key: string }[]> {
  const order = orderOf(SERVER_ORDERS, sort);
  const { rows } = await translated(db.query<Omit<DatabaseServer, 'createdAt' | 'usableConnections'> & { createdAt: Date; key: string }>(
    `${keyed(SERVERS, order)} and ${afterLast(order, 'd.id', 2)} ${inOrder(order, 'd.id')} limit $1`, [limit + 1, ...valuesOf(order, after)]));
  return rows.map(({ key, ...row }) => ({
    key, server: { ...row, createdAt: row.createdAt.toISOString(), usableConnections: row.maxConnections === null ? null : usableConnections(row.maxConnections) },
  }));
}
