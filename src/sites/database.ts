/** A site's database: cloned whole from its release's template, locked and unlocked when the site is deleted and restored. */
import { ReeveError } from '../domain/errors.ts';
import { databaseName, draftName, lockedName, ownerRole, templateName, templateOwner } from './names.ts';
import { endSessions, type SitesServer } from './server.ts';

export interface DatabaseState {
  readonly name: string;
  readonly open: boolean;
  readonly template: boolean;
}

/** Those of the named databases that exist, by name. */
export async function databasesNamed(server: SitesServer, names: readonly string[]): Promise<Map<string, DatabaseState>> {
  const rows = await server.query<DatabaseState>(
    'select datname as name, datallowconn as open, datistemplate as template from pg_database where datname = any($1)',
    [names]);
  return new Map(rows.map((row) => [row.name, row]));
}

/**
 * Clone the release's template as the site's database. It appears under its name only when all in it belongs to the
 * site's owner and nobody else may enter: before, it is a draft that takes no connection but a superuser's.
 * Idempotent; a draft left by a failure is made anew.
 * @throws ReeveError `conflict` when the template is not ready, or when the site's locked database is there
 */
export function createDatabase(
  server: SitesServer, site: { site: string; release: string; connections: number },
): Promise<void> {
  const name = databaseName(site.site);
  return server.alone(name, async (server) => {
    const found = await databasesNamed(server, [name, lockedName(site.site), templateName(site.release)]);
    if (found.has(name)) return;
    if (found.has(lockedName(site.site))) {
      throw new ReeveError('conflict', `site ${site.site} has a locked database: restore or purge it`, { site: site.site });
    }
    if (!found.get(templateName(site.release))?.template) {
      throw new ReeveError('conflict', `release ${site.release} has no template database on ${server.id}`,
        { release: site.release });
    }
    await clone(server, site);
  });
}

async function clone(server: SitesServer, site: { site: string; release: string; connections: number }): Promise<void> {
  const draft = draftName(site.site);
  const owner = ownerRole(site.site);
  await dropOne(server, draft);
  // Through the write-ahead log: no checkpoint, so a busy server does not stop for it (bench/site.ts).
  await server.query(
    `create database ${draft} template ${templateName(site.release)} owner ${owner} strategy wal_log connection limit 0`);
  await server.inside(draft, async (client) => {
    await client.query(`reassign owned by ${templateOwner(site.release)} to ${owner}`);
    await client.query(`alter schema public owner to ${owner}`);
  });
  await server.transaction(async (client) => {
    await client.query(`revoke all on database ${draft} from public`);
    await client.query(`alter database ${draft} connection limit ${Math.trunc(site.connections)}`);
    await client.query(`alter database ${draft} rename to ${databaseName(site.site)}`);
  });
}

/**
 * Put the database of a deleted site aside: no one can connect, and its name is free. Sessions in it are ended.
 * Idempotent.
 * @throws ReeveError `not-found` when the site has no database
 */
export function lockDatabase(server: SitesServer, site: string): Promise<void> {
  const name = databaseName(site);
  const locked = lockedName(site);
  return server.alone(name, async (server) => {
    const found = await databasesNamed(server, [name, locked]);
    if (!found.has(name)) {
      if (found.has(locked)) return;
      throw noDatabase(server, site);
    }
    await closeDatabase(server, name);
    await server.query(`alter database ${name} rename to ${locked}`);
  });
}

/**
 * Undo lockDatabase; also opens a database that a step which failed left closed. Idempotent.
 * @throws ReeveError `not-found` when the site has no database
 */
export function unlockDatabase(server: SitesServer, site: string): Promise<void> {
  const name = databaseName(site);
  const locked = lockedName(site);
  return server.alone(name, async (server) => {
    const found = await databasesNamed(server, [name, locked]);
    if (found.get(name)?.open) return;
    if (!found.has(name)) {
      if (!found.has(locked)) throw noDatabase(server, site);
      await server.query(`alter database ${locked} rename to ${name}`);
    }
    await openDatabase(server, name);
  });
}

/** Drop the site's database, locked or not, with drafts and snapshots. Sessions in it are ended. Idempotent. */
export function dropDatabase(server: SitesServer, site: string): Promise<void> {
  return server.alone(databaseName(site), async (server) => {
    const rows = await server.query<{ datname: string }>(
      'select datname from pg_database where datname ~ $1 order by 1', [`^${databaseName(site)}(_[a-z0-9_]+)?$`]);
    for (const { datname } of rows) await dropOne(server, datname);
  });
}

export function noDatabase(server: SitesServer, site: string): ReeveError {
  return new ReeveError('not-found', `site ${site} has no database on ${server.id}`, { site });
}

/** Let no one in any more, and end the sessions that are: returns when none is left. */
export async function closeDatabase(server: SitesServer, name: string): Promise<void> {
  await server.query(`alter database ${name} allow_connections false`);
  await endSessions(server, 'datname', name);
}

export async function openDatabase(server: SitesServer, name: string): Promise<void> {
  await server.query(`alter database ${name} allow_connections true`);
}

/** Drop one database by its name, with the sessions in it. Idempotent. */
export async function dropOne(server: SitesServer, name: string): Promise<void> {
  if ((await databasesNamed(server, [name])).get(name)?.template) {
    await server.query(`alter database ${name} is_template false`);
  }
  await server.query(`drop database if exists ${name} with (force)`);
}
