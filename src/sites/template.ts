/** A release's template database: migrated once, then cloned for each site. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { SiteFileDatabase } from '../domain/site-file.ts';
import { closeDatabase, databasesNamed, dropOne } from './database.ts';
import { templateLogin, templateName, templateOwner } from './names.ts';
import { dropRoles } from './role.ts';
import { scramVerifier } from './scram.ts';
import type { SitesServer } from './server.ts';

/**
 * Make the release's template: an empty database, migrated as a login role that acts as its owner, just as a site
 * would migrate its own; then frozen, given to the superuser and closed. That it is marked as a template says that it
 * is whole, so a whole one is left as it is, and anything less is made anew.
 * @param migrate fills the database that it is told how to reach
 */
export function createTemplate(
  server: SitesServer, release: string, migrate: (database: SiteFileDatabase) => Promise<void>,
): Promise<{ made: boolean }> {
  const name = templateName(release);
  return server.alone(name, async (server) => {
    if ((await databasesNamed(server, [name])).get(name)?.template) return { made: false };
    await drop(server, release);
    const database = await emptyTemplate(server, release);
    await migrate(database);
    await closeTemplate(server, release);
    return { made: true };
  });
}

async function emptyTemplate(server: SitesServer, release: string): Promise<SiteFileDatabase> {
  const name = templateName(release);
  const owner = templateOwner(release);
  const login = templateLogin(release);
  const password = randomBytes(32).toString('base64url');
  await server.query(`create role ${owner} nologin`);
  await server.query(`create role ${login} login in role ${owner} password ${pg.escapeLiteral(scramVerifier(password))}`);
  await server.query(`alter role ${login} set role = '${owner}'`);
  // Not from template1, which people may have put things into.
  await server.query(`create database ${name} template template0 owner ${owner} encoding 'UTF8' connection limit 0`);
  await server.query(`revoke all on database ${name} from public`);
  await server.inside(name, async (client) => {
    await client.query(`alter schema public owner to ${owner}`);
    await client.query('revoke all on schema public from public');
  });
  await server.query(`alter database ${name} connection limit -1`);
  return { host: server.host, port: server.port, name, user: login, password };
}

async function closeTemplate(server: SitesServer, release: string): Promise<void> {
  const name = templateName(release);
  // Clones begin with statistics, and their first vacuum has nothing to freeze.
  await server.inside(name, (client) => client.query('vacuum (freeze, analyze)'));
  await closeDatabase(server, name);
  await server.query(`drop role ${templateLogin(release)}`);
  // REASSIGN OWNED in a clone gives away the databases of a role too: this one must not be among them.
  await server.query(`alter database ${name} owner to current_user`);
  await server.query(`alter database ${name} is_template true`);
}

/** Drop the release's template and its roles; sites that were cloned from it stay. Idempotent. */
export function dropTemplate(server: SitesServer, release: string): Promise<void> {
  return server.alone(templateName(release), (server) => drop(server, release));
}

async function drop(server: SitesServer, release: string): Promise<void> {
  await dropOne(server, templateName(release));
  await dropRoles(server, templateOwner(release), `^${templateLogin(release)}$`);
}
