/** Fault 17 on real parts: roles and databases in Postgres, stores on disk, a real Django release and its hook. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { partsActivities, stateActivities } from '../../activities/platform/index.ts';
import type { ClusterDriver } from '../../src/cluster/driver.ts';
import type { Config } from '../../src/config.ts';
import { type Observed, listenObserved } from '../../src/control/observed.ts';
import { type Control, startControl } from '../../src/control/start.ts';
import { commitChange } from '../../src/database/change.ts';
import { requestCreateSite } from '../../src/database/requests/create-site.ts';
import { createSiteSchema } from '../../src/domain/resources/site.ts';
import { forSite } from '../../src/sites/command.ts';
import { openSites, type SitesParts } from '../../src/sites/open.ts';
import type { SitesServer } from '../../src/sites/server.ts';
import { readSubject } from '../../src/sites/subject.ts';
import { createS3Client, elements } from '../../src/storage/s3-client.ts';
import { openDirectory, pythonTools, removeDirectory, TWELVE_FACTOR } from '../codebase/tools.ts';
import { id, leftovers as leftOnServer, openTestServer, sitesKey } from '../sites/server.ts';
import { startVersitygw, type Versitygw } from '../storage/versitygw.ts';
import { multipart } from '../tenant/multipart.ts';
import { Cookies, startVassal } from '../tenant/vassal.ts';
import { type Faults, faults, KINDS } from './faults.ts';
import { exitOf, startKillable } from './killable.ts';
import { ACTOR, ended, leftovers, quiet, request, requestSite, type TestPlatform, testPlatform, until } from './platform.ts';

const directory = openDirectory();
const release = id('r');
let server: SitesServer;
let platform: TestPlatform;
/** Null where there is no Go to build it with. */
let s3: Versitygw | null;
let parts: SitesParts;
let observed: Observed;
let control: Control;
let at: Faults;
let config: Partial<Config>;
const users = process.getuid?.() === 0 ? { firstUid: 52_000, nginxUser: { gid: 51_999 } } : { firstUid: null, nginxUser: null };

/** The small codebase, with a hook, and with files in a bucket where its site has one. */
function codebase(): string {
  const source = join(directory, 'source');
  cpSync(TWELVE_FACTOR, source, { recursive: true });
  for (const [file, to] of [['bucket.py', 'project/bucket.py'], ['created.py', 'created.py']] as const) {
    cpSync(fileURLToPath(new URL(`../fixtures/bucket/${file}`, import.meta.url)), join(source, to));
  }
  const description = JSON.parse(readFileSync(join(source, 'codebase.json'), 'utf8'));
  description.commands.created = ['created.py'];
  Object.assign(description.environment, {
    S3_ENDPOINT: '{{store.endpoint}}', S3_REGION: '{{store.region}}', S3_BUCKET: '{{store.bucket}}',
    S3_ACCESS_KEY: '{{store.accessKey}}', S3_SECRET_KEY: '{{store.secretKey}}',
  });
  writeFileSync(join(source, 'codebase.json'), JSON.stringify(description));
  const settings = join(source, 'project/settings.py');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace(/os\.environ\["(MEDIA_\w+)"\]/g, 'os.environ.get("$1", "")'));
  appendFileSync(settings, 'if "S3_BUCKET" in os.environ:\n    STORAGES["default"] = {"BACKEND": "project.bucket.Bucket"}\n');
  return source;
}

before(async () => {
  [server, platform, s3] = await Promise.all([openTestServer(), testPlatform(), startVersitygw()]);
  const { pool, url } = platform;
  const sites = new URL(url);
  sites.pathname = '/postgres';
  config = {
    REEVE_SITES_DATABASE_URL: sites.href, REEVE_SITES_SERVER: 'local',
    REEVE_RELEASES_DIR: join(directory, 'releases'), REEVE_STORES_DIR: join(directory, 'stores'),
    ...(s3 ? { REEVE_S3_ACCESS_KEY: s3.accessKey, REEVE_S3_SECRET_KEY: s3.secretKey } : {}),
  };
  parts = openSites(config as Config, users, sitesKey);
  observed = listenObserved(url, () => {});
  at = faults(platform.client);
  const { rows: [{ settings }] } = await pool.query('select settings from platform');
  await commitChange(pool, { actor: ACTOR, type: 'test', metadata: {}, writes: [
    { table: 'platform', op: 'update', values: { settings: { ...settings, s3: s3 && { endpoint: s3.endpoint, region: s3.region } } } },
    { table: 'database_server', op: 'update', key: { id: 'local' }, values: { host: parts.sitesAdmin.host, port: parts.sitesAdmin.port } },
    { table: 'release', op: 'insert', values: { id: release, codebase: 'twelvefactor', source: codebase(), phase: 'preparing', database_server: 'local' } },
  ] });
  control = startControl({
    ...platform, log: quiet, pace: { reaper: { everyMs: 500, quietMs: 2_000 } },
    activities: at.wrap({
      ...stateActivities({ pool, observed, releasesDir: parts.releasesDir }),
      // No run here is about containers.
      ...partsActivities({ pool, url, parts, installTools: await pythonTools(directory), driver: null as unknown as ClusterDriver }),
    }),
  });
  const prepared = await ended(pool, await request(pool, 'prepareRelease', { release }), 300_000);
  assert.equal(prepared.state, 'completed', JSON.stringify(prepared.error));
});

after(async () => {
  await control?.shutdown();
  await observed?.close();
  await parts?.sitesAdmin.close();
  await platform?.close();
  await server?.close();
  await s3?.stop();
  removeDirectory(directory);
});

/** A site's bucket and user on the S3-compatible server. */
async function leftInBuckets(site: string): Promise<string[]> {
  if (s3 === null) return [];
  const ask = createS3Client(s3);
  const buckets = elements((await ask('GET', '/')).text, 'Name').filter((name) => name === site);
  const known = (await ask('PATCH', '/list-users')).text.includes(site);
  return [...buckets.map((name) => `bucket ${name}`), ...(known ? [`user of ${site}`] : [])];
}

/** Everything of a site, wherever it may be. */
const everything = async (site: string) => [
  ...await leftovers(platform.pool, site),
  ...await leftOnServer(server, site),
  ...await leftInBuckets(site),
  ...(existsSync(parts.storesDir) ? readdirSync(parts.storesDir).filter((name) => name.includes(site)).map((name) => `store ${name}`) : []),
];

const STEPS = ['createRole', 'createDatabase', 'createStore', 'runCreatedHook'];

async function cutOff(activity: string, kind: (typeof KINDS)[number], store: 'directory' | 's3'): Promise<void> {
  const { site, run } = await requestSite(platform.pool, (run) => at.plan(run, activity, kind), [], release, store);
  const row = await ended(platform.pool, run, 120_000);
  assert.ok(at.happened(run) > 0);
  assert.equal(row.state, kind === 'repeats' ? 'completed' : 'compensated', JSON.stringify(row.error));
  if (kind !== 'repeats') return assert.deepEqual(await everything(site), []);
  assert.ok((await everything(site)).length > 4);
  assert.equal((await leftInBuckets(site)).length, store === 's3' ? 2 : 0);
}

test('fault 17: whatever happens to a step that makes a site: a whole site, or nothing anywhere', { concurrency: 4 }, async (t) => {
  await Promise.all([
    ...STEPS.flatMap((activity) => KINDS.map((kind) => t.test(`${activity} ${kind}`, () => cutOff(activity, kind, 'directory')))),
    // With its files in a bucket, from where they are made on.
    ...(s3 === null ? [] : ['createStore', 'runCreatedHook'].flatMap((activity) => KINDS.map((kind) =>
      t.test(`with a bucket: ${activity} ${kind}`, () => cutOff(activity, kind, 's3'))))),
  ]);
});

/** From the first to the last that can happen to a site, after which nothing is left. */
async function wholeLife(site: string, first: readonly ('rotateSecrets')[] = []): Promise<void> {
  for (const type of [...first, 'suspendSite', 'resumeSite', 'deleteSite', 'restoreSite', 'deleteSite', 'purgeSite'] as const) {
    const row = await ended(platform.pool, await request(platform.pool, type, { site }), 120_000);
    assert.equal(row.state, 'completed', `${type}: ${JSON.stringify(row.error)}`);
  }
  await until('nothing to be left', async () => (await everything(site)).length === 0);
}

test('a whole site, deleted and purged, leaves nothing; its first variable is in no history', async () => {
  const { pool, client } = platform;
  const ask = async (name: string, env: Record<string, string>) => await requestCreateSite(
    { db: pool, actor: ACTOR }, sitesKey, createSiteSchema.parse({ name, release, env }));
  const secret = 'the one and only licence';
  const { site, run } = await ask('licensed-one', { LICENCE: secret });
  const row = await ended(pool, run, 120_000);
  assert.equal(row.state, 'completed', JSON.stringify(row.error));
  const history = historyToJSON(await client.workflow.getHandle(run).fetchHistory());
  const { rows: [{ env, text }] } = await pool.query(
    `select s.env, (select jsonb_agg(to_jsonb(r)) from run r)::text || (select jsonb_agg(to_jsonb(p)) from run_step p)::text as text from site s where id = $1`, [site]);
  // Payloads are in base64: also where the text stands at another third of its bytes.
  const isIn = (value: string) => ['', ' ', '  '].some((shift) => history.includes(Buffer.from(shift + value).toString('base64').slice(4, -4)));
  assert.deepEqual([site, secret, env.LICENCE as string].map(isIn), [true, false, false]);
  for (const value of [secret, env.LICENCE]) assert.ok(!history.includes(value) && !text.includes(value));
  await wholeLife(site);

  const without = await ended(pool, (await ask('licensed-two', {})).run, 120_000);
  assert.deepEqual([without.state, /LICENCE is not set/.test(without.error!.message)], ['compensated', true], without.error!.message);
});

test('a site with its files in a bucket is made, takes an upload, and leaves nothing when it is purged', async (t: TestContext) => {
  if (s3 === null) return t.skip('no Go to build versitygw with');
  const { pool } = platform;
  const { site, run } = await requestSite(pool, undefined, [], release, 's3');
  assert.equal((await ended(pool, run, 120_000)).state, 'completed');
  const picture = Buffer.from('what a visitor uploads');
  await forSite(parts, (await readSubject(pool, site))!, release, undefined, async ({ release: installed, site: file, user }) => {
    assert.equal(file.store.kind, 's3');
    const vassal = await startVassal(installed, file, directory, user);
    try {
      const cookies = new Cookies();
      cookies.take(await vassal.request('/'));
      const form = multipart({}, { name: 'file', filename: 'a.txt', type: 'text/plain', contents: picture });
      const answer = await vassal.request('/upload/', { method: 'POST', ...form, cookies, headers: { 'x-csrftoken': cookies.get('csrftoken') ?? '' } });
      assert.equal(answer.status, 201, vassal.log());
    } finally {
      await vassal.stop();
    }
  });
  const ask = createS3Client(s3);
  const [key] = elements((await ask('GET', `/${site}`, { query: { 'list-type': '2' } })).text, 'Key');
  assert.equal((await ask('GET', `/${site}/${key}`)).text, picture.toString());
  // Its rotation waits no longer for requests than one may take.
  await pool.query(`update site set settings = '{"harakiri": 5}' where id = $1`, [site]);
  await wholeLife(site, ['rotateSecrets']);
});

test('an upgrade that is cut off before it migrates keeps its data, and nothing is left of its snapshot', async () => {
  const { pool } = platform;
  const { site, run } = await requestSite(pool, undefined, [], release);
  assert.equal((await ended(pool, run, 120_000)).state, 'completed');
  await pool.query(`insert into release (id, codebase, source, phase, database_server) select 'r00000000n', codebase, source, phase, database_server from release where id = $1`, [release]);
  const before = await leftOnServer(server, site);
  const cut = await request(pool, 'upgradeSite', { site, release: 'r00000000n' }, (id) => at.plan(id, 'snapshotDatabase', 'is terminated'));
  assert.equal((await ended(pool, cut)).state, 'failed');
  const settled = async () => (await pool.query<{ id: string; state: string; result: object }>(`select id, state, result from run where input ->> 'of' = $1`, [cut])).rows[0];
  const by = await ended(pool, (await until('what settles it', settled)).id);
  assert.deepEqual([by.state, by.result], ['completed', { at: 'unpublished', data: 'no migration had run, so its data stayed as they are, with all that was written meanwhile' }]);
  assert.deepEqual(await leftOnServer(server, site), before);
});

test('fault 17: a worker is killed in the middle of each step that makes a site, and another one finishes it', async () => {
  await control.shutdown();
  const { pool } = platform;
  const start = (killAt: string) => startKillable(platform, killAt, { config, users });
  const asked: { site: string; run: string; store: 'directory' | 's3' }[] = [];
  for (const step of ['createRole', 'createDatabase', 'createStore']) {
    const store = step === 'createStore' && s3 ? 's3' : 'directory';
    asked.push({ ...await requestSite(pool, undefined, [], release, store), store });
    assert.equal(await exitOf(start(step)), 'SIGKILL', step);
    if (step !== 'createDatabase') continue;
    // Of whichever: the site before, whose worker was killed, may be gone on with first.
    const left = await Promise.all(asked.map(async ({ site }) => (await leftOnServer(server, site)).includes(`${site}_new`)));
    assert.ok(left.some(Boolean), 'one was half made');
  }
  const last = start('none');
  try {
    for (const { site, run, store } of asked) {
      const row = await ended(pool, run, 180_000);
      assert.equal(row.state, 'completed', JSON.stringify(row.error));
      assert.deepEqual(await leftOnServer(server, site), [site, `${site}_owner`, `${site}_v1`]);
      assert.equal((await leftInBuckets(site)).length, store === 's3' ? 2 : 0);
    }
  } finally {
    last.kill('SIGTERM');
    await exitOf(last);
  }
});
