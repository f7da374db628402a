/** What the sites' database servers take, and what their sites were given of it. */
import { requireRoom } from '../domain/connections.ts';
import { siteSettings } from '../domain/site.ts';
import { translated } from './errors.ts';
import type { Queryable } from './pool.ts';

/** The limits of some sites `s`, added up, in SQL. Deleted ones count until they are purged: their roles are there. */
export const GIVEN = `coalesce(sum(coalesce((s.settings ->> 'connections')::int, ${siteSettings({}).connections})), 0)::int`;

/**
 * Whether a site may be given so many connections, its others aside. In a transaction: it takes the lock that orders all
 * changes, so that of two that ask for the last ones the second sees the first.
 * @throws ReeveError `conflict`, `unavailable`
 */
export async function requireConnections(db: Queryable, { server, site, asked }: { server: string; site: string; asked: number }): Promise<void> {
  await translated(db.query('select 1 from platform for update'));
  const { rows: [row] } = await translated(db.query<{ most: number | null; given: number }>(
    `select d.max_connections as most, (select ${GIVEN} from site s where s.database_server = d.id and s.deleted_at is null and s.id <> $2) as given
     from database_server d where d.id = $1`, [server, site]));
  if (row) requireRoom(server, { ...row, asked });
}

/** Keep what a server says that it takes. */
export async function observeMaxConnections(db: Queryable, server: string, most: number): Promise<void> {
  await translated(db.query(
    'update database_server set max_connections = $2 where id = $1 and max_connections is distinct from $2', [server, most]));
}
