import type { Connections } from '../domain/database-state.ts';
import type { SitesServer } from './server.ts';

/** How many connections clients have to the server now, who has them, and what it gives. @throws ReeveError `unavailable` */
export async function readConnections(server: Pick<SitesServer, 'query'>): Promise<Connections> {
  const [row] = await server.query<Connections & object>(
    `with client as (select usename as role, datname as site from pg_stat_activity where backend_type = 'client backend')
     select (select count(*) from client)::int as used, current_setting('max_connections')::int as most,
       current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true)::int, 0) as reserved,
       coalesce((select jsonb_agg(jsonb_build_object('role', role, 'count', n)) from
         (select coalesce(role, 'not yet known') as role, count(*) as n from client group by 1 order by 2 desc, 1 limit 5) most), '[]') as holders,
       coalesce((select jsonb_agg(jsonb_build_object('site', datname, 'limit', datconnlimit)) from pg_database d
         where datname ~ '^s[0-9a-z]{9}$' and datconnlimit > 0
           and (select count(*) from client where site = d.datname) >= datconnlimit), '[]') as "atLimit"`);
  return row!;
}
