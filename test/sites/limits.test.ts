/** A change of a site's settings reaches its role and its database on the sites' server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commitChange } from '../../src/database/change.ts';
import { createDatabase, dropDatabase } from '../../src/sites/database.ts';
import { applyConnectionLimits } from '../../src/sites/limits.ts';
import { createRole, dropRole } from '../../src/sites/role.ts';
import type { SitesServer } from '../../src/sites/server.ts';
import { dropTemplate } from '../../src/sites/template.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';
import { id, makeTemplate, openTestServer, sitesKey } from './server.ts';

const actor = { kind: 'system', id: 'test', name: 'test' } as const;
const site = id('s');
const release = id('r');
let server: SitesServer;
let platform: TestDatabase;

before(async () => {
  server = await openTestServer();
  platform = await testDatabase();
  await makeTemplate(server, release);
  await createRole(server, sitesKey, { site, version: 1, connections: 3 });
  await createDatabase(server, { site, release, connections: 3 });
  await commitChange(platform.pool, {
    actor, type: 'test', metadata: {}, writes: [
      { table: 'database_server', op: 'insert', values: { id: server.id, host: server.host, port: server.port } },
      { table: 'site', op: 'insert', values: { id: site, name: 'one', phase: 'live', database_server: server.id, settings: { connections: 3 } } },
    ],
  });
});
after(async () => {
  await dropDatabase(server, site);
  await dropRole(server, site);
  await dropTemplate(server, release);
  await platform.drop();
  await server.close();
});

async function limits() {
  const [row] = await server.query<{ role: number; database: number }>(
    `select (select rolconnlimit from pg_roles where rolname = $1 || '_v1') as role,
       (select datconnlimit from pg_database where datname = $1) as database`, [site]);
  return row;
}

const set = (connections: number) => commitChange(platform.pool, {
  actor, type: 'site.updated', metadata: { site }, writes: [{ table: 'site', op: 'update', key: { id: site }, values: { settings: { connections } } }],
});

test('nothing is changed where nothing differs', async () => {
  assert.deepEqual(await applyConnectionLimits(platform.pool, server, sitesKey), []);
});

test('a new limit reaches the role and the database', async () => {
  await set(7);
  assert.deepEqual(await applyConnectionLimits(platform.pool, server, sitesKey), [site]);
  assert.deepEqual(await limits(), { role: 7, database: 7 });
  assert.deepEqual(await applyConnectionLimits(platform.pool, server, sitesKey), []);
});

test('what the server takes is known to the platform afterwards', async () => {
  const { rows } = await platform.pool.query('select max_connections as most from database_server');
  const [{ most }] = await server.query<{ most: number }>(`select current_setting('max_connections')::int as most`) as [{ most: number }];
  assert.deepEqual(rows, [{ most }]);
});

test('a limit that the server cannot give is refused, and the former one stays', async () => {
  const { max_connections: most } = (await server.query<{ max_connections: string }>('show max_connections'))[0]!;
  await set(Number(most));
  await assert.rejects(applyConnectionLimits(platform.pool, server, sitesKey), { type: 'conflict' });
  assert.deepEqual(await limits(), { role: 7, database: 7 });
});
