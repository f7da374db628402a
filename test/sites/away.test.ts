import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createDatabase, lockDatabase } from '../../src/sites/database.ts';
import { openSites, type SitesParts } from '../../src/sites/open.ts';
import { createRole } from '../../src/sites/role.ts';
import { openSitesServer, type SitesServer } from '../../src/sites/server.ts';
import { type OwnServer, startOwnServer } from '../postgres-server.ts';
import { id, leftovers, makeTemplate, sitesKey } from './server.ts';
import type { Config } from '../../src/config.ts';

let postgres: OwnServer;
let server: SitesServer;
let parts: SitesParts;

before(async () => {
  postgres = await startOwnServer();
  server = openSitesServer(postgres.url, 'far');
  parts = openSites({ REEVE_SITES_DATABASE_URL: postgres.url, REEVE_SITES_SERVER: 'far' } as Config, { firstUid: null, nginxUser: null }, sitesKey);
});
after(async () => {
  await server.close();
  await parts.sitesAdmin.close();
  await postgres.stop();
});

test('while the sites’ server is away each step says so and names it; when it is back, the same parts work', async () => {
  const release = id('r');
  const site = id('s');
  await makeTemplate(server, release);
  await createRole(server, sitesKey, { site, version: 1, connections: 2 });
  await postgres.down();
  const away = { type: 'unavailable', message: /database server far/ };
  await assert.rejects(createRole(server, sitesKey, { site, version: 1, connections: 2 }), away);
  await assert.rejects(createDatabase(server, { site, release, connections: 2 }), away);
  await assert.rejects(lockDatabase(server, site), away);
  await assert.rejects(server.inside('postgres', (client) => client.query('select 1')), away);
  await assert.rejects(parts.prepared(), away);
  await postgres.up();
  await parts.prepared();
  await createDatabase(server, { site, release, connections: 2 });
  assert.deepEqual(await leftovers(server, site), [site, `${site}_owner`, `${site}_v1`]);
});

test('a connection that is ended while it does nothing but hold a subject fails that step alone', async () => {
  const subject = id('s');
  const late = server.alone(subject, async (own) => {
    const [backend] = await own.query<{ pid: number }>('select pg_backend_pid() as pid');
    await server.query('select pg_terminate_backend($1, 5000)', [backend!.pid]);
    await own.query('select 1');
  });
  await assert.rejects(late, { type: 'unavailable', message: /database server far/ });
  assert.equal(await server.alone(subject, async () => 'goes on'), 'goes on');
});

test('a server that dies in the middle of a clone leaves nothing half made under the site’s name', async () => {
  const release = id('r');
  const site = id('s');
  await makeTemplate(server, release);
  await createRole(server, sitesKey, { site, version: 1, connections: 2 });
  const cloning = createDatabase(server, { site, release, connections: 2 });
  cloning.catch(() => {});
  const other = openSitesServer(postgres.url, 'far');
  while ((await other.query(`select 1 from pg_stat_activity where query ~ '^create database ${site}_new' and state = 'active'`)).length === 0);
  await other.close();
  await postgres.down();
  await assert.rejects(cloning, { type: 'unavailable' });
  await postgres.up();
  assert.ok(!(await leftovers(server, site)).includes(site));
  await createDatabase(server, { site, release, connections: 2 });
  assert.deepEqual(await leftovers(server, site), [site, `${site}_owner`, `${site}_v1`]);
});
