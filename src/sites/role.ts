/** The roles of a site: an owner without login, and a login role for each version of its password, which acts as it. */
import pg from 'pg';
import { requireRoom } from '../domain/connections.ts';
import { ReeveError } from '../domain/errors.ts';
import { databasePassword, type SitesKey } from '../domain/secrets.ts';
import { databaseName, loginRole, ownerRole } from './names.ts';
import { scramVerifier } from './scram.ts';
import { endSessions, type Queryable, type SitesServer } from './server.ts';

// Any fixed number, on the sites' server: whoever adds up the limits is alone until it has added its own.
const LIMITS_LOCK = 7_331_002;

export interface SiteRole {
  readonly site: string;
  /** The site's secret version: `<site>_v<version>` logs in. Older versions' roles stay until they are dropped. */
  readonly version: number;
  /** Connections the site may hold, all of its versions together. */
  readonly connections: number;
}

/**
 * Make the site's owner role and its login role of that version, or bring them to the given limit and password.
 * One transaction: both or neither.
 * @throws ReeveError `conflict` when the sites' limits would add up to more than 80 % of what the server takes
 */
export async function createRole(server: SitesServer, sitesKey: SitesKey, role: SiteRole): Promise<void> {
  const owner = ownerRole(role.site);
  const login = loginRole(role.site, role.version);
  const verifier = scramVerifier(databasePassword(sitesKey, role.site, role.version));
  await server.transaction(async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [LIMITS_LOCK]);
    await checkLimits(client, server, role);
    await createIfMissing(client, owner, 'nologin');
    await createIfMissing(client, login, `login in role ${owner}`);
    await client.query(
      `alter role ${login} login inherit connection limit ${Math.trunc(role.connections)} password ${pg.escapeLiteral(verifier)}`);
    // What it makes belongs to the owner, so that the next version's role finds the same rights.
    await client.query(`alter role ${login} set role = '${owner}'`);
    await limitOthers(client, role);
  });
}

/** Former versions that are still there have the same limit. */
async function limitOthers(client: Queryable, { site, version, connections }: SiteRole): Promise<void> {
  const { rows } = await client.query<{ rolname: string }>(
    'select rolname from pg_roles where rolname ~ $1 and rolname <> $2 and rolconnlimit <> $3',
    [`^${site}_v[0-9]+$`, loginRole(site, version), Math.trunc(connections)]);
  for (const { rolname } of rows) await client.query(`alter role ${rolname} connection limit ${Math.trunc(connections)}`);
}

async function createIfMissing(client: Queryable, role: string, options: string): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [role]);
  if (!rowCount) await client.query(`create role ${role} ${options}`);
}

/** Each site counts once, with its largest limit: the versions of a rotation share it (the database is limited too). */
async function checkLimits(client: Queryable, server: SitesServer, role: SiteRole): Promise<void> {
  const { rows } = await client.query<{ given: number; most: number }>(
    `select coalesce(sum(one), 0)::int as given, current_setting('max_connections')::int as most from (
       select max(rolconnlimit) as one from pg_roles
       where rolname ~ '^s[0-9a-z]{9}_v[0-9]+$' and rolname !~ $1 group by left(rolname, 10)) as site`,
    [`^${role.site}_`]);
  requireRoom(server.id, { ...rows[0]!, asked: role.connections });
}

/**
 * Let these versions in no more: their sessions are ended, and their roles are gone; the site's other versions and its
 * objects stay. Idempotent.
 */
export function dropLogins(server: SitesServer, site: string, versions: readonly number[]): Promise<void> {
  return server.alone(databaseName(site), async (server) => {
    const rows = await server.query<{ rolname: string }>(
      'select rolname from pg_roles where rolname = any($1) order by 1', [versions.map((version) => loginRole(site, version))]);
    for (const { rolname } of rows) {
      await server.query(`alter role ${rolname} nologin`);
      await endSessions(server, 'usename', rolname);
      // What a site's code has made as itself, and not as its owner.
      await server.inside(databaseName(site), async (client) => {
        await client.query(`reassign owned by ${rolname} to ${ownerRole(site)}`);
        await client.query(`drop owned by ${rolname}`);
      });
      await server.query(`drop role ${rolname}`);
    }
  });
}

/**
 * Drop the site's roles, all versions, after its database. Idempotent.
 * @throws ReeveError `conflict` when something still belongs to them
 */
export async function dropRole(server: SitesServer, site: string): Promise<void> {
  await dropRoles(server, ownerRole(site), `^${site}_v[0-9]+$`);
}

/** Drop the login roles whose name matches, and their owner: all of them, or none when something still is theirs. */
export async function dropRoles(server: SitesServer, owner: string, logins: string): Promise<void> {
  try {
    await server.transaction(async (client) => {
      const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles where rolname ~ $1', [logins]);
      for (const { rolname } of rows) await client.query(`drop role ${rolname}`);
      await client.query(`drop role if exists ${owner}`);
    });
  } catch (error) {
    // dependent_objects_still_exist
    if ((error as { code?: string }).code !== '2BP01') throw error;
    throw new ReeveError('conflict', `the roles of ${owner} still own something: ${(error as { detail?: string }).detail}`,
      { role: owner }, error);
  }
}
