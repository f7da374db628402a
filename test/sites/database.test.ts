import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createDatabase, dropDatabase, lockDatabase, unlockDatabase } from '../../src/sites/database.ts';
import { createRole, dropLogins, dropRole } from '../../src/sites/role.ts';
import type { SitesServer } from '../../src/sites/server.ts';
import { createTemplate, dropTemplate } from '../../src/sites/template.ts';
import { asSite, id, leftovers, makeTemplate, openTestServer, ownersIn, sitesKey } from './server.ts';

let server: SitesServer;
const release = id('r');
const connections = 3;
const made: string[] = [];

before(async () => {
  server = await openTestServer();
  await makeTemplate(server, release);
});

after(async () => {
  for (const site of made) {
    await dropDatabase(server, site);
    await dropRole(server, site);
  }
  await dropTemplate(server, release);
  assert.deepEqual(await leftovers(server, release, ...made), []);
  await server.close();
});

async function makeSite(): Promise<string> {
  const site = id('s');
  made.push(site);
  await createRole(server, sitesKey, { site, version: 1, connections });
  await createDatabase(server, { site, release, connections });
  return site;
}

const refused = (code: string) => (error: { code?: string }) => error.code === code;

test('everything in a cloned database belongs to the site, and to no other', async () => {
  const site = await makeSite();
  const owners = await ownersIn(server, site);
  assert.ok(owners.size > 15, `only ${owners.size} objects`);
  assert.deepEqual([...owners].filter(([, owner]) => owner !== `${site}_owner`), []);
  const { rows } = await asSite(server, site, 1, (client) => client.query('select title, current_user as who from page'));
  assert.deepEqual(rows, [{ title: 'home', who: `${site}_owner` }]);
});

test('the template keeps its own objects, and is no site’s', async () => {
  await makeSite();
  const rows = await server.query<{ owner: string; open: boolean }>(
    'select datdba::regrole::text as owner, datallowconn as open from pg_database where datname = $1', [`t_${release}`]);
  assert.equal(rows[0]!.open, false);
  assert.notEqual(rows[0]!.owner, `t_${release}_owner`);
  const other = await makeSite();
  assert.ok((await ownersIn(server, other)).size > 15);
});

test('a later migration runs as the site: it changes what was cloned and makes new things', async () => {
  const site = await makeSite();
  await asSite(server, site, 1, (client) => client.query(`
    alter table page add column slug slug; create index on page (slug);
    alter type mood add value 'calm'; create table tag (page bigint references page);
    alter table search.entry add column rank int; drop function shout(text);
    create or replace view titles as select title, 1 as extra from page; alter schema search rename to finding;`));
  // Another version of the password finds the same rights on what the first one made.
  await createRole(server, sitesKey, { site, version: 2, connections });
  await asSite(server, site, 2, (client) => client.query('alter table tag add column name text; drop table tag'));
  // And the first one still works, until every container has the second.
  await asSite(server, site, 1, (client) => client.query('select * from page'));
  assert.deepEqual([...await ownersIn(server, site)].filter(([, owner]) => owner !== `${site}_owner`), []);
});

test('a version that is let in no more: its sessions end, what it made stays the site’s, and the others go on', async () => {
  const site = await makeSite();
  for (const version of [2, 3]) await createRole(server, sitesKey, { site, version, connections });
  await asSite(server, site, 1, async (former) => {
    // By setting its role aside, a site's code can make things that are not its owner's.
    await server.inside(site, (client) => client.query(`grant create on schema public to ${site}_v1`));
    await former.query(`reset role; set role ${site}_v1; create table public.own (id int)`);
    for (const _ of ['once', 'twice']) await dropLogins(server, site, [1, 2, 7]);
    await assert.rejects(former.query('select 1'));
  });
  for (const version of [1, 2]) await assert.rejects(asSite(server, site, version, (client) => client.query('select 1')), /28P01|28000|does not exist|authentication failed/);
  await asSite(server, site, 3, (client) => client.query('drop table own; select * from page'));
  assert.deepEqual(await leftovers(server, site), [site, `${site}_owner`, `${site}_v3`]);
});

test('all versions of a site have the limit that it was given last, and count once', async () => {
  const site = await makeSite();
  await createRole(server, sitesKey, { site, version: 2, connections: 2 });
  const rows = await server.query<{ rolconnlimit: number }>('select rolconnlimit from pg_roles where rolname ~ $1', [`^${site}_v`]);
  assert.deepEqual(rows.map(({ rolconnlimit }) => rolconnlimit), [2, 2]);
});

test('a site enters its own database and no other', async () => {
  const a = await makeSite();
  const b = await makeSite();
  for (const database of [b, 'postgres', 'template1']) {
    await assert.rejects(asSite(server, a, 1, (client) => client.query('select 1'), database), refused('42501'), database);
  }
  await assert.rejects(asSite(server, a, 1, (client) => client.query('select 1'), `t_${release}`), /not currently accepting|permission denied/);
  await asSite(server, a, 1, async (client) => {
    await assert.rejects(client.query(`set role ${b}_owner`), refused('42501'));
    await assert.rejects(client.query(`set session authorization ${b}_v1`), refused('42501'));
    await assert.rejects(client.query(`grant connect on database ${b} to ${a}_owner`), refused('42501'));
    await assert.rejects(client.query(`alter role ${b}_v1 password 'mine'`), refused('42501'));
    await assert.rejects(client.query('select * from pg_authid'), refused('42501'));
    await assert.rejects(client.query(`create database mine template ${b}`), refused('42501'));
    await assert.rejects(client.query(`copy page to program 'id'`), refused('42501'));
    await assert.rejects(client.query(`select pg_read_file('postgresql.conf')`), refused('42501'));
  });
});

test('a site cannot hold more connections than it was given', async () => {
  const site = await makeSite();
  const nested = (depth: number): Promise<unknown> =>
    asSite(server, site, 1, () => (depth > 1 ? nested(depth - 1) : Promise.resolve()));
  await nested(connections);
  await assert.rejects(nested(connections + 1), refused('53300'));
});

test('the wrong password is refused', async (t) => {
  const rules = await server.query(`select 1 from pg_hba_file_rules where auth_method = 'trust' and type = 'host'`);
  if (rules.length > 0) return t.skip('this server trusts everyone; the one of `npm test` does not');
  const site = await makeSite();
  await createRole(server, Buffer.alloc(32, 8), { site, version: 1, connections });
  await assert.rejects(asSite(server, site, 1, (client) => client.query('select 1')), refused('28P01'));
});

test('limits that do not fit into the server are refused, and leave no role', async () => {
  const site = id('s');
  await assert.rejects(createRole(server, sitesKey, { site, version: 1, connections: 100_000 }),
    (error: { type?: string; fields?: { usable?: number } }) => error.type === 'conflict' && (error.fields?.usable ?? 0) > 0);
  assert.deepEqual(await leftovers(server, site), []);
});

test('each step done twice, or many times at once, is done once', async () => {
  const site = await makeSite();
  await asSite(server, site, 1, (client) => client.query(`insert into page (title) values ('mine')`));
  await Promise.all([1, 2, 3, 4].map(() => createDatabase(server, { site, release, connections })));
  await Promise.all([1, 2, 3, 4].map(() => createRole(server, sitesKey, { site, version: 1, connections })));
  const count = () => asSite(server, site, 1, async (client) => (await client.query('select * from page')).rowCount);
  assert.equal(await count(), 2);
  const fresh = id('s');
  made.push(fresh);
  await Promise.all([1, 2, 3].map(() => createRole(server, sitesKey, { site: fresh, version: 1, connections })));
  await Promise.all([1, 2, 3].map(() => createDatabase(server, { site: fresh, release, connections })));
  assert.deepEqual(await leftovers(server, fresh), [fresh, `${fresh}_owner`, `${fresh}_v1`]);
  assert.deepEqual(await createTemplate(server, release, () => Promise.reject(new Error('migrated again'))), { made: false });
});

test('a clone that was cut short is made anew, and never shows under the site’s name', async () => {
  const site = id('s');
  made.push(site);
  await createRole(server, sitesKey, { site, version: 1, connections });
  // What is there when the worker dies between cloning and giving the objects to the site.
  await server.query(`create database ${site}_new template t_${release} owner ${site}_owner connection limit 0`);
  await assert.rejects(asSite(server, site, 1, (client) => client.query('select 1'), `${site}_new`), refused('53300'));
  await createDatabase(server, { site, release, connections });
  assert.deepEqual(await leftovers(server, site), [site, `${site}_owner`, `${site}_v1`]);
  assert.deepEqual([...await ownersIn(server, site)].filter(([, owner]) => owner !== `${site}_owner`), []);
});

test('a deleted site’s database lets nobody in, ends who is in, and comes back whole', async () => {
  const site = await makeSite();
  await asSite(server, site, 1, async (client) => {
    await client.query(`insert into page (title) values ('kept')`);
    await lockDatabase(server, site);
    await assert.rejects(client.query('select 1'));
  });
  await lockDatabase(server, site);
  await assert.rejects(asSite(server, site, 1, (client) => client.query('select 1')), refused('3D000'));
  await assert.rejects(asSite(server, site, 1, (client) => client.query('select 1'), `${site}_locked`), refused('55000'));
  await assert.rejects(createDatabase(server, { site, release, connections }), { type: 'conflict' });
  await unlockDatabase(server, site);
  await unlockDatabase(server, site);
  const { rows } = await asSite(server, site, 1, (client) => client.query('select title from page order by id'));
  assert.deepEqual(rows.map((row) => row.title), ['home', 'kept']);
  await assert.rejects(lockDatabase(server, id('s')), { type: 'not-found' });
});

test('dropping leaves nothing, with someone connected too, locked or not, twice', async () => {
  const site = await makeSite();
  await createRole(server, sitesKey, { site, version: 2, connections });
  await assert.rejects(dropRole(server, site), { type: 'conflict' });
  await asSite(server, site, 1, async () => {
    await dropDatabase(server, site);
    await dropDatabase(server, site);
  });
  await dropRole(server, site);
  await dropRole(server, site);
  assert.deepEqual(await leftovers(server, site), []);
  const locked = await makeSite();
  await lockDatabase(server, locked);
  await dropDatabase(server, locked);
  await dropRole(server, locked);
  assert.deepEqual(await leftovers(server, locked), []);
});

test('names come from ids alone', async () => {
  const bad = `s012345678'; drop role postgres; --`;
  await assert.rejects(async () => createRole(server, sitesKey, { site: bad, version: 1, connections }), RangeError);
  await assert.rejects(async () => createDatabase(server, { site: 'postgres', release, connections }), RangeError);
  await assert.rejects(async () => dropDatabase(server, 'postgres'), RangeError);
  await assert.rejects(async () => dropTemplate(server, 'template1'), RangeError);
});
