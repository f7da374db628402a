import type { SitesKey } from '../domain/secrets.ts';
import { siteSettings } from '../domain/site.ts';
import type { Pool } from '../database/pool.ts';
import { translated } from '../database/errors.ts';
import { observeMaxConnections } from '../database/server-connections.ts';
import { createRole } from './role.ts';
import type { SitesServer } from './server.ts';

/**
 * Bring the connection limits of the sites' roles and databases to what their settings say now: a site's settings may
 * change at any time, and nothing but this looks at the server again. What the server takes is kept, for whoever asks for
 * more. Two queries on each side when all is as it should be.
 * @returns the sites whose limits were changed
 * @throws ReeveError `conflict` when a new limit does not fit the server, `unavailable`; the other sites were done first
 */
export async function applyConnectionLimits(pool: Pool, server: SitesServer, sitesKey: SitesKey): Promise<string[]> {
  const { rows: sites } = await translated(pool.query<{ id: string; version: number; settings: unknown }>(
    `select id, secret_version as version, settings from site
       where database_server = $1 and phase in ('live', 'suspended') and deleted_at is null
         and not exists (select 1 from run_lock where subject = 'site:' || id and mode = 'exclusive')`, [server.id]));
  const [most] = await server.query<{ most: number }>(`select current_setting('max_connections')::int as most`);
  await observeMaxConnections(pool, server.id, most!.most);
  const limits = await limitsOf(server);
  const changed: string[] = [];
  let refused: unknown;
  for (const { id, version, settings } of sites) {
    const { connections } = siteSettings(settings);
    const now = limits.get(id);
    // No role or database: a step under way makes them, or something is wrong that is not ours to make.
    if (!now || (now.role === connections && now.database === connections)) continue;
    try {
      await createRole(server, sitesKey, { site: id, version, connections });
      await server.query(`alter database ${id} connection limit ${Math.trunc(connections)}`);
      changed.push(id);
    } catch (error) {
      refused ??= error;
    }
  }
  if (refused) throw refused;
  return changed;
}

async function limitsOf(server: SitesServer): Promise<Map<string, { role: number; database: number }>> {
  const rows = await server.query<{ site: string; role: number; database: number }>(
    `select d.datname as site, max(r.rolconnlimit) as role, min(d.datconnlimit) as database
       from pg_database d join pg_roles r on r.rolname ~ ('^' || d.datname || '_v[0-9]+$')
       where d.datname ~ '^s[0-9a-z]{9}$' group by d.datname`);
  return new Map(rows.map(({ site, role, database }) => [site, { role, database }]));
}
