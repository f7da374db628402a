import pg from 'pg';
import { grantAgentRole } from '../../database/agent-role.ts';
import { APP_ROLE, grantAppRole } from '../../database/app-role.ts';
import { commitChange } from '../../database/change.ts';
import { rolePassword } from '../../database/login-role.ts';
import { migrate } from '../../database/migrate.ts';
import { createPool, type Pool } from '../../database/pool.ts';
import type { PlatformSettings } from '../../domain/desired.ts';

const SYSTEM = { kind: 'system', id: 'reeve', name: 'reeve up' } as const;
const AGENT_ROLE = 'reeve_agent';

export interface PlatformDatabase {
  /** The owner's, for what is set up at a start. */
  readonly pool: Pool;
  /** What the API and the control worker get: the same database as a role that owns nothing. */
  readonly appUrl: string;
  /** What agents get: as their own role. */
  readonly agentUrl: string;
}

/**
 * Bring the platform's database to this version: made when missing, migrated, and with the roles of the application and of
 * agents. Safe to repeat.
 *
 * @param serverUrl   a superuser's URL, to any database of the platform's server
 * @param masterKey   the roles' passwords are derived from it
 */
export async function preparePlatformDatabase(serverUrl: string, masterKey: Buffer): Promise<PlatformDatabase> {
  const url = new URL(serverUrl);
  if (['', '/', '/postgres', '/template1'].includes(url.pathname)) {
    const admin = new pg.Client({ connectionString: serverUrl });
    await admin.connect();
    try {
      const { rowCount } = await admin.query("select 1 from pg_database where datname = 'reeve'");
      if (!rowCount) await admin.query('create database reeve');
    } finally {
      await admin.end();
    }
    url.pathname = '/reeve';
  }
  const pool = createPool(url.href, { name: 'reeve up', max: 3 });
  await migrate(pool);
  const [agent, app] = [rolePassword(masterKey, 'agent'), rolePassword(masterKey, 'app')];
  await grantAgentRole(pool, AGENT_ROLE, agent);
  await grantAppRole(pool, APP_ROLE, app);
  const as = (username: string, password: string) => Object.assign(new URL(url.href), { username, password }).href;
  return { pool, appUrl: as(APP_ROLE, app), agentUrl: as(AGENT_ROLE, agent) };
}

/** What a new platform starts with; a person's later settings win over these, except where this machine decides. */
const FIRST_SETTINGS: PlatformSettings = {
  baseDomain: 'localhost',
  publicScheme: 'http',
  publicPort: 8080,
  cacheUrl: null,
  s3: null,
  ownership: 'none',
  trustedProxies: [],
};

/** Record the edge's port (a taken one is replaced at a start) and where the sites' databases are, if they changed. */
export async function recordPlace(
  pool: Pool, place: { publicPort: number; server: { id: string; host: string; port: number } },
): Promise<void> {
  const { rows: [platform] } = await pool.query('select generation, settings from platform');
  const settings = { ...FIRST_SETTINGS, ...platform.settings, publicPort: place.publicPort };
  const { rows: [server] } = await pool.query('select host, port from database_server where id = $1', [place.server.id]);
  const writes = [];
  if (JSON.stringify(sorted(settings)) !== JSON.stringify(sorted(platform.settings))) {
    writes.push({ table: 'platform', op: 'update', key: { one: true }, values: { settings } } as const);
  }
  if (!server) {
    writes.push({ table: 'database_server', op: 'insert', values: place.server } as const);
  } else if (server.host !== place.server.host || server.port !== place.server.port) {
    const { id, ...values } = place.server;
    writes.push({ table: 'database_server', op: 'update', key: { id }, values } as const);
  }
  if (writes.length === 0) return;
  await commitChange(pool, { actor: SYSTEM, type: 'platform.placed', metadata: {}, writes });
}

const sorted = (record: object) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
