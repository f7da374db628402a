/** A rotation's steps on a real server: the next version beside the present one, and then alone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { publishSecretsActivities, secretsActivities } from '../../activities/platform/secrets.ts';
import type { Config } from '../../src/config.ts';
import { startFormerSecrets } from '../../src/control/former-secrets.ts';
import { commitChange } from '../../src/database/change.ts';
import { joinContainer, observeContainer } from '../../src/database/container.ts';
import { claimRun, finishRun, requestRun } from '../../src/database/run.ts';
import { createLog } from '../../src/log.ts';
import { openSites, type SitesParts } from '../../src/sites/open.ts';
import { createDatabase, dropDatabase } from '../../src/sites/database.ts';
import { createRole, dropRole } from '../../src/sites/role.ts';
import type { SitesServer } from '../../src/sites/server.ts';
import { dropTemplate } from '../../src/sites/template.ts';
import { type TestDatabase, testDatabase } from '../postgres.ts';
import { until } from '../workflows/platform.ts';
import { asStepOf } from './activity.ts';
import { asSite, id, leftovers, makeTemplate, openTestServer, sitesKey } from './server.ts';

const ACTOR = { kind: 'token', id: 'k000000000', name: 'test' } as const;
const [site, release, container] = [id('s'), id('r'), id('c')];
let server: SitesServer;
let platform: TestDatabase;
let parts: SitesParts;
let steps: ReturnType<typeof secretsActivities> & ReturnType<typeof publishSecretsActivities>;
let run: string;

before(async () => {
  server = await openTestServer();
  platform = await testDatabase();
  const { pool, url } = platform;
  const sites = new URL(url);
  sites.pathname = '/postgres';
  parts = openSites({ REEVE_SITES_DATABASE_URL: sites.href, REEVE_SITES_SERVER: 'local', REEVE_RELEASES_DIR: '/nowhere', REEVE_STORES_DIR: '/nowhere' } as Config,
    { firstUid: null, nginxUser: null }, sitesKey);
  steps = { ...secretsActivities({ pool, parts }), ...publishSecretsActivities({ pool }) };
  await makeTemplate(server, release);
  await createRole(server, sitesKey, { site, version: 1, connections: 3 });
  await createDatabase(server, { site, release, connections: 3 });
  await commitChange(pool, { actor: ACTOR, type: 'test', metadata: {}, writes: [
    { table: 'database_server', op: 'insert', values: { id: 'local', host: server.host, port: server.port } },
    { table: 'site', op: 'insert', values: { id: site, name: 'one', phase: 'live', database_server: 'local', settings: { connections: 3, harakiri: 20 } } },
  ] });
  await pool.query(`insert into container (id, slot, role) values ($1, $1, 'site')`, [container]);
  await joinContainer(pool, container, 0, { address: '127.0.0.1', port: 1, agentUrl: 'http://127.0.0.1:1', layout: null });
  run = await startRun();
});
after(async () => {
  await dropDatabase(server, site);
  await dropRole(server, site);
  await dropTemplate(server, release);
  await parts.sitesAdmin.close();
  await platform.drop();
  await server.close();
});

async function startRun(): Promise<string> {
  const run = id('w');
  await requestRun(platform.pool, { id: run, type: 'rotateSecrets', subject: 'test:test', input: {}, locks: [] }, ACTOR);
  await claimRun(platform.pool, run, 'test');
  return run;
}
/** The container records that it serves the newest generation. */
async function follow(): Promise<void> {
  const { rows: [at] } = await platform.pool.query<{ epoch: number; generation: number }>('select epoch, generation from platform');
  await observeContainer(platform.pool, container, 1, { state: 'ready', ...at! });
}
const works = (version: number) => asSite(server, site, version, (client) => client.query('select 1')).then(() => true, () => false);
const roles = async () => (await leftovers(server, site)).filter((name) => name.includes('_v'));
const condition = async () => (await platform.pool.query(`select status, message from site_condition where site = $1 and type = 'FormerSecretsRetired'`, [site])).rows[0];

test('taken back before it is published, nothing of the next version is left', async () => {
  const { from, settleMs } = await asStepOf(run, () => steps.confirmRotatable({ site }));
  assert.equal(from, 1);
  assert.ok(settleMs > 20_000, 'a request may take as long as the site’s harakiri says');
  for (const _ of ['once', 'twice']) await asStepOf(run, () => steps.letIntoDatabase({ site, from }));
  await asStepOf(run, () => steps.letIntoStore({ site, from }));
  assert.deepEqual([await works(1), await works(2)], [true, true]);
  for (const _ of ['once', 'twice']) await asStepOf(run, () => steps.shutOutOfDatabase({ site }));
  await asStepOf(run, () => steps.shutOutOfStore({ site }));
  assert.deepEqual(await roles(), [`${site}_v1`]);
});

test('once published, going back drops nothing, and the former one goes when no container can be using it', async () => {
  await follow();
  await asStepOf(run, () => steps.letIntoDatabase({ site, from: 1 }));
  for (const _ of ['once', 'twice']) await asStepOf(run, () => steps.publishSecrets({ site, from: 1 }));
  await assert.rejects(asStepOf(run, () => steps.letIntoDatabase({ site, from: 1 })), { type: 'superseded' });
  await asStepOf(run, () => steps.shutOutOfDatabase({ site }));
  assert.deepEqual(await roles(), [`${site}_v1`, `${site}_v2`]);

  assert.deepEqual(await asStepOf(run, () => steps.retireSecrets({ site })), { heldBack: [container] });
  assert.deepEqual([await works(1), (await condition()).status], [true, 'unknown']);
  assert.ok((await condition()).message.includes(container));
  await follow();
  for (const _ of ['once', 'twice']) assert.deepEqual(await asStepOf(run, () => steps.retireSecrets({ site })), { heldBack: [] });
  assert.deepEqual([await works(1), await works(2), (await condition()).status], [false, true, 'true']);
  assert.deepEqual(await roles(), [`${site}_v2`]);
});

test('what was held back is retired by itself once every container has followed', async () => {
  await commitChange(platform.pool, { actor: ACTOR, type: 'test', metadata: {}, writes: [{ table: 'site', op: 'update', key: { id: site }, values: { secret_version: 3 } }] });
  await createRole(server, sitesKey, { site, version: 3, connections: 3 });
  assert.deepEqual(await asStepOf(run, () => steps.retireSecrets({ site })), { heldBack: [container] });
  let passed = 0;
  const start = () => startFormerSecrets({ pool: platform.pool, parts, log: createLog({}, () => {}), everyMs: 20, settle: () => {
    passed += 1;
    return passed < 3 ? 60_000 : 0;
  } });
  // One pass, which stopping waits for.
  await start().stop();
  assert.deepEqual([passed, await works(2)], [0, true], 'a container holds it back');
  await follow();
  const loop = start();
  try {
    await until('the former ones to be refused', async () => !(await works(2)));
    assert.ok(passed >= 3, 'requests had their time');
    await until('the condition to say so', async () => (await condition()).status === 'true');
    assert.deepEqual([await roles(), await works(3)], [[`${site}_v3`], true]);
  } finally {
    await loop.stop();
  }
});

test('one that followed only after requests were given their time holds them back, and then it is retired by itself', async () => {
  await commitChange(platform.pool, { actor: ACTOR, type: 'test', metadata: {}, writes: [{ table: 'site', op: 'update', key: { id: site }, values: { secret_version: 4 } }] });
  await createRole(server, sitesKey, { site, version: 4, connections: 3 });
  await follow();
  assert.deepEqual(await asStepOf(run, () => steps.retireSecrets({ site, behind: [container] })), { heldBack: [container] });
  assert.deepEqual([await works(3), (await condition()).status], [true, 'unknown']);
  const loop = startFormerSecrets({ pool: platform.pool, parts, log: createLog({}, () => {}), everyMs: 20, settle: () => 100 });
  try {
    await until('the condition to say so', async () => (await condition()).status === 'true');
    assert.deepEqual(await roles(), [`${site}_v4`]);
  } finally {
    await loop.stop();
  }
});

test('a step of a run that is over lets nobody in', async () => {
  const over = await startRun();
  await finishRun(platform.pool, over, 'cancelled', {});
  await assert.rejects(asStepOf(over, () => steps.letIntoDatabase({ site, from: 4 })), { type: 'superseded' });
  await assert.rejects(asStepOf(over, () => steps.publishSecrets({ site, from: 4 })), { type: 'superseded' });
  assert.deepEqual(await roles(), [`${site}_v4`]);
});
