/** The shared Postgres server as the one that holds sites' databases; each test has ids of its own. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { IdKind } from '../../src/domain/id.ts';
import { makeId } from '../../src/domain/id.ts';
import { databasePassword } from '../../src/domain/secrets.ts';
import { openSitesServer, prepareServer, type SitesServer } from '../../src/sites/server.ts';
import { createTemplate } from '../../src/sites/template.ts';
import { startOwnServer } from '../postgres.ts';

export const sitesKey = Buffer.alloc(32, 7);
export const id = (kind: IdKind) => makeId(kind, randomBytes(9));

/** The test runner's server; a file that runs alone starts one of its own, which stops when it is closed. */
export async function openTestServer(): Promise<SitesServer> {
  const given = process.env.REEVE_TEST_POSTGRES_URL;
  const own = given ? null : await startOwnServer();
  const server = openSitesServer(given ?? own!.url, 'local');
  await prepareServer(server);
  return {
    ...server,
    async close() {
      await server.close();
      await own?.stop();
    },
  };
}

/** A session as the site's own process would have it. */
export async function asSite<T>(
  server: SitesServer, site: string, version: number, work: (client: pg.Client) => Promise<T>, database: string = site,
): Promise<T> {
  const client = new pg.Client({
    host: server.host, port: server.port, database, user: `${site}_v${version}`,
    password: databasePassword(sitesKey, site, version),
  });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** What a codebase's migrations leave: something of each kind that has an owner. */
const MIGRATION = `
  create table page (id bigserial primary key, title text not null, parent bigint references page on delete cascade);
  create index page_title on page (title);
  create type mood as enum ('sad', 'happy');
  create domain slug as text check (value ~ '^[a-z-]+$');
  create function shout(t text) returns text language sql as 'select upper(t)';
  create view titles as select title from page;
  create materialized view title_count as select count(*) from page;
  create sequence counter;
  create schema search;
  create table search.entry (page bigint, body tsvector);
  create extension if not exists pg_trgm;
  insert into page (title) values ('home');
`;

/** A template as `prepareTemplate` makes one, migrated with SQL in place of Django. */
export async function makeTemplate(server: SitesServer, release: string, migration: string = MIGRATION): Promise<void> {
  await createTemplate(server, release, async (database) => {
    const client = new pg.Client({ ...database, database: database.name });
    await client.connect();
    try {
      await client.query(migration);
    } finally {
      await client.end();
    }
  });
}

/** Each object of a database that has an owner and did not come with Postgres or belong to an extension: `kind name` → owner. */
export async function ownersIn(server: SitesServer, database: string): Promise<Map<string, string>> {
  const ours = (catalog: string, prefix: string, schema: boolean) => `
    select '${catalog} ' || o.${prefix}name as name, o.${prefix}owner::regrole::text as owner from ${catalog} o
    where o.oid >= 16384 ${schema ? `and o.${prefix}namespace not in (select oid from pg_namespace where nspname ~ '^pg_(toast|temp)')` : ''}
      and not exists (select 1 from pg_depend d where d.objid = o.oid and d.classid = '${catalog}'::regclass and d.deptype = 'e')`;
  return await server.inside(database, async (client) => {
    const { rows } = await client.query<{ name: string; owner: string }>([
      ours('pg_class', 'rel', true), ours('pg_type', 'typ', true), ours('pg_proc', 'pro', true),
      ours('pg_namespace', 'nsp', false), ours('pg_extension', 'ext', false),
      `select 'pg_namespace public', nspowner::regrole::text from pg_namespace where nspname = 'public'`,
      `select 'pg_database', datdba::regrole::text from pg_database where datname = current_database()`,
    ].join(' union all '));
    return new Map(rows.map((row) => [row.name, row.owner]));
  });
}

/** What is left on the server of a site or release: databases and roles whose names begin with its id. */
export async function leftovers(server: SitesServer, ...ids: string[]): Promise<string[]> {
  const rows = await server.query<{ name: string }>(
    `select datname as name from pg_database where datname ~ $1 union all select rolname from pg_roles where rolname ~ $1`,
    [`(${ids.join('|')})`]);
  return rows.map((row) => row.name).sort();
}
