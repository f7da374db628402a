import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createDatabase, dropDatabase } from '../../src/sites/database.ts';
import { createRole, dropRole } from '../../src/sites/role.ts';
import type { SitesServer } from '../../src/sites/server.ts';
import { dropSnapshot, restoreSnapshot, snapshotDatabase } from '../../src/sites/snapshot.ts';
import { dropTemplate } from '../../src/sites/template.ts';
import { asSite, id, leftovers, makeTemplate, openTestServer, ownersIn, sitesKey } from './server.ts';

let server: SitesServer;
const release = id('r');
const site = id('s');

before(async () => {
  server = await openTestServer();
  await makeTemplate(server, release);
  await createRole(server, sitesKey, { site, version: 1, connections: 5 });
  await createDatabase(server, { site, release, connections: 5 });
});

after(async () => {
  await dropDatabase(server, site);
  await dropRole(server, site);
  await dropTemplate(server, release);
  assert.deepEqual(await leftovers(server, release, site), []);
  await server.close();
});

const titles = () => asSite(server, site, 1, async (client) =>
  (await client.query<{ title: string }>('select title from page order by id')).rows.map((row) => row.title));

test('a snapshot brings back the data and the schema, as the site’s own', async () => {
  const run = id('w');
  const from = Date.now();
  await asSite(server, site, 1, async (client) => {
    // The site is in use: its session ends, and it can come back at once.
    assert.ok((await snapshotDatabase(server, site, run)).pausedMs > 0);
    await assert.rejects(client.query('select 1'));
  });
  assert.deepEqual(await snapshotDatabase(server, site, run), { pausedMs: 0 });
  await asSite(server, site, 1, (client) => client.query('alter table page drop column title cascade; create table half_migrated ()'));
  await assert.rejects(asSite(server, site, 1, (client) => client.query('select 1'), `${site}_${run}`));

  await asSite(server, site, 1, (client) => client.query('alter table page add column title text default $$lost$$'));
  const until = Date.now();
  const { restored, lost } = await restoreSnapshot(server, site, run);
  assert.ok(restored && Date.parse(lost!.from!) >= from && Date.parse(lost!.from!) <= until && Date.parse(lost!.until) >= until, JSON.stringify(lost));
  assert.equal((await restoreSnapshot(server, site, run)).lost?.from, lost!.from);
  assert.deepEqual(await titles(), ['home']);
  assert.deepEqual([...await ownersIn(server, site)].filter(([, owner]) => owner !== `${site}_owner`), []);
  assert.deepEqual(await leftovers(server, site), [site, `${site}_owner`, `${site}_v1`]);
  const rows = await server.query(`select datconnlimit, has_database_privilege('public', oid, 'connect') as anyone
    from pg_database where datname = $1`, [site]);
  assert.deepEqual(rows, [{ datconnlimit: 5, anyone: false }]);
});

test('a snapshot that is not needed goes without a trace, twice', async () => {
  const run = id('w');
  await snapshotDatabase(server, site, run);
  await asSite(server, site, 1, (client) => client.query(`insert into page (title) values ('new')`));
  await dropSnapshot(server, site, run);
  await dropSnapshot(server, site, run);
  assert.deepEqual(await titles(), ['home', 'new']);
  await assert.rejects(restoreSnapshot(server, site, run), { type: 'not-found' });
  assert.deepEqual(await titles(), ['home', 'new']);
});

test('where no migration ran, going back keeps what was written meanwhile; a migration of data alone is one', async () => {
  await asSite(server, site, 1, (client) => client.query('create table django_migrations (app text, name text)'));
  const run = id('w');
  await snapshotDatabase(server, site, run);
  await asSite(server, site, 1, (client) => client.query(`insert into page (title) values ('written meanwhile')`));
  assert.deepEqual(await restoreSnapshot(server, site, run), { restored: false, lost: null });
  assert.deepEqual(await titles(), ['home', 'new', 'written meanwhile']);

  await asSite(server, site, 1, (client) => client.query(`insert into django_migrations values ('page', '0002'); delete from page where title like 'written%'`));
  assert.equal((await restoreSnapshot(server, site, run)).restored, true);
  assert.deepEqual(await titles(), ['home', 'new']);
  // Looked at as a superuser: what an owner puts in its place is not run.
  await asSite(server, site, 1, (client) => client.query(`drop table django_migrations; create table ran (as_whom text);
    create function trap() returns text language plpgsql as $$ begin insert into public.ran values (current_user); return ''; end $$;
    create view django_migrations as select trap() as app, ''::text as name`));
  const trapped = id('w');
  await snapshotDatabase(server, site, trapped);
  await dropSnapshot(server, site, trapped);
  assert.deepEqual(await asSite(server, site, 1, async (client) => (await client.query('select * from ran')).rows), []);
  await asSite(server, site, 1, (client) => client.query('drop view django_migrations; drop function trap; drop table ran'));
});

test('a restore that was cut short is finished', async () => {
  const run = id('w');
  await snapshotDatabase(server, site, run);
  await asSite(server, site, 1, (client) => client.query(`delete from page`));
  // The worker died after the swap: the site's database is closed, and the replaced one is still there.
  await server.query(`alter database ${site} rename to ${site}_${run}_old`);
  await server.query(`alter database ${site}_${run} rename to ${site}`);
  await restoreSnapshot(server, site, run);
  assert.deepEqual(await titles(), ['home', 'new']);
  assert.deepEqual(await leftovers(server, site), [site, `${site}_owner`, `${site}_v1`]);
});

/** As `server`, through a connection that breaks at the first statement which begins like this. */
const breaksAt = (statement: string): SitesServer => ({
  ...server,
  alone: (subject, work) => server.alone(subject, (own) => work({
    ...own,
    query: (sql, values) => (sql.startsWith(statement) ? Promise.reject(new Error('broken on purpose')) : own.query(sql, values)),
  })),
});

for (const last of ['revoke', 'comment']) {
  test(`a copy whose maker died before its ${last} is made anew, and is nobody else’s`, async () => {
    const run = id('w');
    await assert.rejects(snapshotDatabase(breaksAt(last), site, run), /broken on purpose/);
    // It could not let the site in again either.
    await server.query(`alter database ${site} allow_connections false`);
    assert.ok((await snapshotDatabase(server, site, run)).pausedMs > 0);
    await asSite(server, site, 1, (client) => client.query('drop table page cascade'));
    assert.equal((await restoreSnapshot(server, site, run)).restored, true);
    assert.deepEqual(await titles(), ['home', 'new']);
    const rows = await server.query(`select has_database_privilege('public', oid, 'connect') as anyone from pg_database where datname = $1`, [site]);
    assert.deepEqual(rows, [{ anyone: false }]);
  });
}

test('nothing was migrated while a copy was not whole: the data stay as they are', async () => {
  const run = id('w');
  await assert.rejects(snapshotDatabase(breaksAt('comment'), site, run));
  await asSite(server, site, 1, (client) => client.query(`insert into page (title) values ('meanwhile')`));
  assert.deepEqual(await restoreSnapshot(server, site, run), { restored: false, lost: null });
  await dropSnapshot(server, site, run);
  assert.deepEqual(await titles(), ['home', 'new', 'meanwhile']);
});
