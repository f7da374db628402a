/** Changes of a running container's sites: settings, bad ones, removals. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { look } from '../../src/control/judge/look.ts';
import { agentToken } from '../../src/domain/secrets.ts';
import { until } from '../local/wait.ts';
import { mountSmallDisk, NO_MOUNT } from '../small-disk.ts';
import { createContainer, type TestContainer } from './container.ts';
import { hammer } from './load.ts';
import { quiet } from '../workflows/platform.ts';
import { createPlatform, type TestPlatform } from './platform.ts';

let platform: TestPlatform;
let container: TestContainer;
before(async () => {
  platform = await createPlatform({ healthPath: '/.health' });
  container = await createContainer(platform);
  container.start();
});
after(async () => {
  await container?.remove();
  await platform?.close();
});

const pageOf = async (site: string) => JSON.parse((await container.get(`${site}.test`)).body) as { site: string; color: string | null };

async function served(options: Parameters<TestPlatform['addSite']>[0] = {}): Promise<string> {
  const site = await platform.addSite(options);
  await until(`${site} answers`, async () => (await container.get(`${site}.test`).catch(() => null))?.status === 200);
  return site;
}

/** What the judge makes of a site, as if it had looked, and the site had been held back, for a minute. */
async function judged(site: string): Promise<unknown[]> {
  const { incarnation } = await container.row();
  const since = Date.now() - 60_000;
  await platform.pool.query(`update quarantine set since = clock_timestamp() - interval '1 minute'`);
  await look({ pool: platform.pool, log: quiet, askDatabases: async () => [], askTraceback: async () => null }, {
    leases: { lookedAt: Date.now() - 3_000, steadySince: since, heldSince: new Map([[`${container.id}/${incarnation}`, since]]) }, standstill: new Map(),
  });
  const { rows } = await platform.pool.query(
    `select i.cause, i.state, m.decision || ' ' || m.action as decided from incident i left join remediation m on m.incident = i.id
     where i.subject = $1 order by i.id`, [`site:${site}`]);
  return rows;
}

test('a change of settings replaces the vassal, loses no request under load and reloads no nginx', async () => {
  const site = await served({ env: { COLOR: 'blue' } });
  await container.untilReady();
  const before = await container.proof();
  const load = hammer(container, `${site}.test`, 8);
  const { generation } = await platform.setEnv(site, { COLOR: 'green' });
  await until('the new vassal answers', async () => (await pageOf(site)).color === 'green');
  await container.untilServed(generation);
  const { requests, failed } = await load.stop();
  assert.deepEqual(failed, []);
  assert.ok(requests > 10, `${requests} requests`);
  assert.deepEqual(await container.proof(), before, 'nginx was not reloaded');
  await until('one vassal is left', () => readdirSync(`${container.root}/vassals`).filter((name) => name.startsWith(site)).length === 1);
});

test('fault 7: a bad site is quarantined alone, its last good version serves, and a fix is taken at once', async () => {
  const site = await served({ env: { COLOR: 'red' } });
  const neighbour = await served();
  const { generation } = await platform.setEnv(site, { COLOR: 'none', BROKEN: '1', OWN_WORD: 'a-word-of-its-own' });
  const quarantine = async () => (await platform.pool.query('select * from quarantine where container = $1', [container.id])).rows;
  await until('the site is quarantined', async () => (await quarantine()).length === 1);
  const [row] = await quarantine();
  assert.equal(row.site, site);
  assert.equal(row.wanted_rev, generation);
  assert.ok(row.served_rev < generation);
  assert.match(row.reason, /this site is broken on purpose \*\*\*/);
  assert.doesNotMatch(row.reason + container.log(), /a-word-of-its-own/);
  // The version that said it is off the disk again; what it said is shown all the same, without its secrets.
  const { agent_url: agent, incarnation } = await container.row();
  const asked = await fetch(`${agent}/traceback/${site}`, { headers: { authorization: `Bearer ${agentToken(platform.sitesKey, container.id, incarnation)}` } });
  assert.match(((await asked.json()) as { traceback: string }).traceback, /this site is broken on purpose \*\*\*/);
  assert.equal((await pageOf(site)).color, 'red');
  assert.equal((await pageOf(neighbour)).site, neighbour);
  assert.deepEqual(await judged(site), [{ cause: 'quarantined', state: 'open', decided: 'observed none' }], 'somebody hears of it, and nothing is done');
  // Others go on: a hostname bound now is served, also one of the quarantined site.
  await container.untilServed((await platform.bind('still.example.test', site)).generation);
  const still = await container.get('still.example.test');
  assert.equal(still.status, 200, still.body);
  assert.equal(JSON.parse(still.body).color, 'red');

  const fixed = await platform.setEnv(site, { COLOR: 'white' });
  await until('the fix serves', async () => (await pageOf(site)).color === 'white');
  await container.untilServed(fixed.generation);
  assert.deepEqual(await quarantine(), []);
  assert.deepEqual(await judged(site), [{ cause: 'quarantined', state: 'closed', decided: 'observed none' }]);
});

test('a bad version leaves what serves as it is, also where nothing was written down to go back to', async () => {
  const site = await served({ env: { COLOR: 'red' } });
  await platform.setEnv(site, { COLOR: 'none', BROKEN: '1' });
  const held = async () => (await platform.pool.query('select served_rev from quarantine where container = $1 and site = $2', [container.id, site])).rows;
  await until('the site is quarantined', async () => (await held()).length === 1);
  const agent = container.pid('agent');
  rmSync(`${container.root}/quarantine.json`);
  process.kill(agent, 'SIGKILL');
  await until('another agent has found it bad', async () => container.pid('agent') !== agent && (await held())[0]?.served_rev === null);
  await until('nothing is under way', async () => (await container.row()).waiting_on.length === 0);
  assert.equal((await pageOf(site)).color, 'red');
  await platform.setEnv(site, { COLOR: 'white' });
  await until('the fix serves', async () => (await pageOf(site)).color === 'white');
});

test('a site whose new files cannot be written gets no vassal that would read the former ones', async () => {
  const site = await served({ env: { COLOR: 'red' } });
  const env = `${container.root}/sites/${site}.env`;
  const inis = () => readdirSync(`${container.root}/vassals`).filter((name) => name.startsWith(site));
  await until('one vassal runs', () => inis().length === 1);
  const before = inis();
  // A draft takes its place by a rename, which no directory lets happen.
  rmSync(env);
  mkdirSync(`${env}/in the way`, { recursive: true });
  const { generation } = await platform.setEnv(site, { COLOR: 'green' });
  await until('it waits for its files', async () => (await container.row()).waiting_on.some((one) => one.on === 'vassal' && one.site === site && one.message.includes('files')));
  assert.deepEqual(inis(), before);
  assert.equal((await pageOf(site)).color, 'red');
  rmSync(env, { recursive: true });
  await container.untilServed(generation);
  assert.equal((await pageOf(site)).color, 'green');
});

test('a site whose code takes the place of its next socket is quarantined alone', async () => {
  const site = await served({ env: { COLOR: 'red' } });
  const digest = () => readdirSync(`${container.root}/vassals`).filter((name) => name.startsWith(site)).map((name) => name.split('.')[1]!);
  await until('one vassal runs', () => digest().length === 1);
  const socket = `${container.config.runDir}/v/${site}/${digest()[0]}.sock`;
  await platform.setEnv(site, { COLOR: 'green' });
  await until('the former vassal is gone', () => digest().length === 1 && !socket.includes(digest()[0]!));
  rmSync(socket, { force: true });
  mkdirSync(socket);
  await platform.setEnv(site, { COLOR: 'red' });
  await until('it is quarantined, and why is said', async () => {
    const { rows } = await platform.pool.query('select reason from quarantine where container = $1 and site = $2', [container.id, site]);
    return rows[0]?.reason.includes('its socket has no place');
  });
  assert.equal((await pageOf(site)).color, 'green');
  const neighbour = await served();
  rmSync(socket, { recursive: true });
  await platform.setEnv(site, { COLOR: 'blue' });
  await until('it serves again', async () => (await pageOf(site)).color === 'blue');
  assert.equal((await pageOf(neighbour)).site, neighbour);
});

test('a new site that is bad from the start says so, and serves once it is mended', async () => {
  const site = await platform.addSite({ env: { BROKEN: '1' } });
  await until('it is quarantined', async () =>
    (await platform.pool.query('select served_rev from quarantine where container = $1 and site = $2', [container.id, site])).rows.length === 1);
  assert.equal((await container.get(`${site}.test`)).status, 502);
  await platform.setEnv(site, {});
  await until('it serves', async () => (await container.get(`${site}.test`)).status === 200);
});

test('a suspended site shows its page and has no vassal; resumed, it serves again', async () => {
  const site = await served();
  const set = (phase: string) => platform.commit('site.changed', [{ table: 'site', op: 'update', key: { id: site }, values: { phase } }]);
  await container.untilServed((await set('suspended')).generation);
  assert.equal((await container.get(`${site}.test`)).status, 503);
  await until('no vassal is left', () => !readdirSync(`${container.root}/vassals`).some((name) => name.startsWith(site)));
  await set('live');
  await until('it serves', async () => (await container.get(`${site}.test`)).status === 200);
});

const purge = (site: string) => platform.commit('site.purged', [
  { table: 'hostname', op: 'delete', key: { hostname: `${site}.test` } },
  { table: 'site', op: 'delete', key: { id: site } },
]);

/** Whatever has its name, in any place of the container's. */
const left = (site: string) => [`${container.root}/sites`, `${container.root}/work`, `${container.root}/log/sites`, container.config.runDir, `${container.config.runDir}/v`]
  .flatMap((room) => readdirSync(room).filter((name) => name.includes(site)).map((name) => `${room}/${name}`));

test('a purged site leaves nothing but its store', async () => {
  const site = await served();
  assert.ok(existsSync(`${platform.storesDir}/${site}`));
  await container.untilServed((await purge(site)).generation);
  assert.equal((await container.get(`${site}.test`)).status, 421);
  await until('its files are gone', () => left(site).length === 0);
  assert.ok(existsSync(`${platform.storesDir}/${site}`));
});

test('a site that is purged while it is suspended, and so has no vassal, leaves nothing either', async () => {
  const site = await served();
  await container.untilServed((await platform.commit('site.changed', [{ table: 'site', op: 'update', key: { id: site }, values: { phase: 'suspended' } }])).generation);
  await until('no vassal is left', () => !readdirSync(`${container.root}/vassals`).some((name) => name.startsWith(site)));
  // And no pass that still looks after it.
  await container.untilServed((await platform.bind('meanwhile.example.test', site)).generation);
  await platform.commit('hostname.unbound', [{ table: 'hostname', op: 'delete', key: { hostname: 'meanwhile.example.test' } }]);
  await purge(site);
  await until('its files are gone', () => left(site).length === 0);
});

test('what cannot be removed of a purged site keeps no pass from going on, and is removed once it can be', { skip: NO_MOUNT }, async () => {
  const site = await served();
  const work = `${container.root}/work`;
  mkdirSync(`${work}/${site}/held`);
  mountSmallDisk(`${work}/${site}/held`);
  try {
    const { generation } = await purge(site);
    await container.untilServed(generation);
    await until('all else of it is gone', () => left(site).length === 1);
    assert.ok(!container.log().includes('the pass broke off'));
  } finally {
    // Where it is now.
    execFileSync('umount', [`${work}/${readdirSync(work).find((name) => name.includes(site))}/held`]);
  }
  await until('all of it is gone', async () => {
    await platform.pool.query("select pg_notify('reeve', '{}')");
    return left(site).length === 0;
  });
});
