/** A release and a site made and unmade by the steps themselves: real Django, Postgres, files and system users. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { databaseActivities } from '../../activities/platform/database.ts';
import { releaseActivities } from '../../activities/platform/release.ts';
import { storeActivities } from '../../activities/platform/store.ts';
import type { Config } from '../../src/config.ts';
import { commitChange } from '../../src/database/change.ts';
import { claimRun, finishRun, requestRun } from '../../src/database/run.ts';
import { openSites, type SitesParts } from '../../src/sites/open.ts';
import type { SitesServer } from '../../src/sites/server.ts';
import { removeDirectory, TWELVE_FACTOR, openDirectory, pythonTools } from '../codebase/tools.ts';
import { type TestDatabase, testDatabase } from '../postgres.ts';
import { asStepOf } from './activity.ts';
import { asSite, id, leftovers, openTestServer, ownersIn, sitesKey } from './server.ts';

const ACTOR = { kind: 'token', id: 'k000000000', name: 'test' } as const;
const root = process.getuid?.() === 0;
const directory = openDirectory();
const release = id('r');
let server: SitesServer;
let platform: TestDatabase;
let parts: SitesParts;
let steps: ReturnType<typeof databaseActivities> & ReturnType<typeof storeActivities> & ReturnType<typeof releaseActivities>;

before(async () => {
  server = await openTestServer();
  platform = await testDatabase();
  const sites = new URL(platform.url);
  sites.pathname = '/postgres';
  parts = openSites({
    REEVE_SITES_DATABASE_URL: sites.href, REEVE_SITES_SERVER: 'local', REEVE_RELEASES_DIR: join(directory, 'releases'),
    REEVE_STORES_DIR: join(directory, 'stores'),
  } as Config, root ? { firstUid: 52_000, nginxUser: { gid: 51_999 } } : { firstUid: null, nginxUser: null }, sitesKey);
  const { pool } = platform;
  const installTools = await pythonTools(directory);
  steps = { ...databaseActivities({ pool, parts }), ...storeActivities({ pool, parts }), ...releaseActivities({ pool, parts, installTools }) };
  await change([
    { table: 'database_server', op: 'insert', values: { id: 'local', host: parts.sitesAdmin.host, port: parts.sitesAdmin.port } },
    { table: 'platform', op: 'update', values: { settings: { baseDomain: 'localhost', publicScheme: 'http', publicPort: 8080, cacheUrl: null, s3: null, ownership: 'none', trustedProxies: [] } } },
    { table: 'release', op: 'insert', values: { id: release, codebase: 'twelvefactor', source: TWELVE_FACTOR, phase: 'preparing', database_server: 'local' } },
  ]);
  chmodSync(directory, 0o755);
});

after(async () => {
  await parts.sitesAdmin.close();
  await platform.drop();
  await server.close();
  removeDirectory(directory);
});

type Writes = Parameters<typeof commitChange>[1]['writes'];
const change = (writes: Writes) => commitChange(platform.pool, { actor: ACTOR, type: 'test', metadata: {}, writes });
const phase = (site: string, value: string) => change([{ table: 'site', op: 'update', key: { id: site }, values: { phase: value } }]);

async function startRun(): Promise<string> {
  const run = id('w');
  await requestRun(platform.pool, { id: run, type: 'createSite', subject: 'test:test', input: {}, locks: [] }, ACTOR);
  await claimRun(platform.pool, run, 'test');
  return run;
}

async function newSite(): Promise<string> {
  const site = id('s');
  await change([
    { table: 'site', op: 'insert', values: { id: site, name: site, phase: 'creating', release, database_server: 'local', settings: { connections: 4 } } },
    { table: 'hostname', op: 'insert', values: { hostname: `${site}.localhost`, site, role: 'primary', phase: 'reserved' } },
  ]);
  return site;
}

/** What a site's creation left in the world. */
const left = async (site: string) => [
  ...await leftovers(server, site),
  ...(existsSync(parts.storesDir) ? readdirSync(parts.storesDir).filter((name) => name.includes(site)) : []),
];

test('a release is prepared: installed, and a template migrated as its sites’ owners will', async () => {
  const run = await startRun();
  for (const _ of ['once', 'twice']) {
    const { digest } = await asStepOf(run, () => steps.installRelease({ release }));
    assert.match(digest, /^[0-9a-f]{64}$/);
  }
  assert.deepEqual(await asStepOf(run, () => steps.prepareTemplate({ release })), { made: true });
  assert.deepEqual(await asStepOf(run, () => steps.prepareTemplate({ release })), { made: false });
  assert.deepEqual(await leftovers(server, release), [`t_${release}`, `t_${release}_owner`]);
  await change([{ table: 'release', op: 'update', key: { id: release }, values: { phase: 'ready' } }]);
  await assert.rejects(asStepOf(run, () => steps.installRelease({ release })), { type: 'superseded' });
  await assert.rejects(asStepOf(run, () => steps.dropRelease({ release })), { type: 'superseded' });
});

test('a site is made, each step twice, and works with its own database and files', async () => {
  const site = await newSite();
  const run = await startRun();
  for (const step of ['createRole', 'createDatabase', 'createStore', 'runCreatedHook'] as const) {
    for (const _ of ['once', 'twice']) await asStepOf<unknown>(run, () => steps[step]({ site }));
  }
  assert.deepEqual([...await ownersIn(server, site)].filter(([, owner]) => owner !== `${site}_owner`), []);
  await asSite(server, site, 1, (client) => client.query(`insert into shop_item (name, picture) values ('mine', '')`));
  if (root) assert.ok(statSync(join(parts.storesDir, site)).uid > 52_000);

  // Another release's migrations run as the site.
  await phase(site, 'live');
  await asStepOf(run, () => steps.migrateDatabase({ site, release }));
  await asStepOf(run, () => steps.runPrimaryChangedHook({ site }));

  const { pausedMs } = await asStepOf(run, () => steps.snapshotDatabase({ site, run }));
  assert.ok(pausedMs > 0);
  await asSite(server, site, 1, (client) => client.query('drop table shop_item cascade'));
  await asStepOf(run, () => steps.restoreSnapshot({ site, run }));
  await asStepOf(run, () => steps.restoreSnapshot({ site, run }));
  await asStepOf(run, () => steps.dropSnapshot({ site, run }));
  const items = await asSite(server, site, 1, (client) => client.query('select name from shop_item'));
  assert.deepEqual(items.rows, [{ name: 'mine' }]);

  // Live, it is not taken apart, whoever asks.
  for (const step of ['dropDatabase', 'dropRole', 'dropStore', 'lockDatabase', 'lockStore', 'createRole', 'createDatabase', 'createStore'] as const) {
    await assert.rejects(asStepOf(run, () => steps[step]({ site })), { type: 'superseded' }, step);
  }

  await phase(site, 'deleted');
  for (const step of ['lockDatabase', 'lockStore', 'lockStore', 'lockDatabase', 'unlockStore', 'unlockDatabase', 'unlockDatabase', 'unlockStore', 'lockDatabase', 'lockStore'] as const) {
    await asStepOf(run, () => steps[step]({ site }));
  }
  for (const step of ['dropDatabase', 'dropRole', 'dropStore', 'dropDatabase', 'dropRole', 'dropStore'] as const) {
    await asStepOf(run, () => steps[step]({ site }));
  }
  assert.deepEqual(await left(site), []);
});

test('a step that comes late, after its run was ended and undone, leaves nothing', async () => {
  const site = await newSite();
  const run = await startRun();
  await finishRun(platform.pool, run, 'cancelled', {});
  for (const step of ['createRole', 'createDatabase', 'createStore'] as const) {
    await assert.rejects(asStepOf(run, () => steps[step]({ site })), { type: 'superseded' }, step);
  }
  assert.deepEqual(await left(site), []);
});

test('a step that was paused while its run ended takes back what it made', async () => {
  const site = await newSite();
  const run = await startRun();
  await asStepOf(run, () => steps.createRole({ site }));
  // Paused inside the step: another session holds the lock on the site's database for as long as the run takes to end.
  let paused: Promise<unknown> | undefined;
  await server.alone(site, async () => {
    paused = asStepOf(run, () => steps.createDatabase({ site }));
    paused.catch(() => {});
    const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted and objid = (hashtext($1)::bigint & 4294967295)::oid`;
    while ((await server.query(waiting, [site])).length === 0);
    await finishRun(platform.pool, run, 'cancelled', {});
  });
  await assert.rejects(paused!, { type: 'superseded' });
  await asStepOf(run, () => steps.dropRole({ site }));
  assert.deepEqual(await left(site), []);
});

test('what is unknown is not removed, and what is on another server is not touched', async () => {
  const run = await startRun();
  const unknown = id('s');
  await assert.rejects(asStepOf(run, () => steps.dropDatabase({ site: unknown })), { type: 'not-found' });
  await change([{ table: 'database_server', op: 'insert', values: { id: 'other', host: '127.0.0.1', port: 9 } }]);
  const site = await newSite();
  await change([{ table: 'site', op: 'update', key: { id: site }, values: { database_server: 'other' } }]);
  await assert.rejects(asStepOf(run, () => steps.createRole({ site })), { type: 'conflict' });
});

test('a codebase whose migrations fail is refused with its last lines, and leaves no template', async () => {
  const broken = id('r');
  const run = await startRun();
  await change([{ table: 'release', op: 'insert', values: { id: broken, codebase: 'broken', source: join(TWELVE_FACTOR, 'nowhere'), phase: 'preparing', database_server: 'local' } }]);
  await assert.rejects(asStepOf(run, () => steps.installRelease({ release: broken })),
    (error: { type?: string; message: string }) => error.type === 'codebase-refused' && /codebase\.json/.test(error.message));
  await assert.rejects(asStepOf(run, () => steps.prepareTemplate({ release: broken })), { type: 'conflict' });
  await asStepOf(run, () => steps.dropRelease({ release: broken }));
  await asStepOf(run, () => steps.dropRelease({ release: broken }));
  assert.deepEqual(await leftovers(server, broken), []);
});

test('a release that is no site’s any more goes without a trace', async () => {
  const run = await startRun();
  await change([{ table: 'release', op: 'update', key: { id: release }, values: { phase: 'retired' } }]);
  const { rows } = await platform.pool.query('select id from site where deleted_at is null');
  await assert.rejects(asStepOf(run, () => steps.dropRelease({ release })), { type: 'conflict' });
  for (const { id: site } of rows) await change([{ table: 'site', op: 'delete', key: { id: site } }]);
  await asStepOf(run, () => steps.dropRelease({ release }));
  assert.deepEqual(await leftovers(server, release), []);
  assert.ok(!existsSync(join(parts.releasesDir, release)));
});
