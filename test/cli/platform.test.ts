/** The platform itself by the command line, on the real API: containers, runs, releases, settings, tokens, records. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { closeIncident, openIncident } from '../../src/database/incidents.ts';
import { sizeCluster } from '../../src/database/scaling.ts';
import { type Platform, startPlatform } from './platform.ts';
import { reeve, start } from './program.ts';

let platform: Platform;
before(async () => {
  platform = await startPlatform(new Set(['suspendSite']));
  await platform.client.request('POST', '/sites', { body: { name: 'alpha' } });
  await platform.idle();
});
after(() => platform?.close());

const failsWith = async (code: number, words: RegExp, ...args: string[]) => {
  const ended = await platform.run(...args);
  assert.match(ended.stderr, words);
  assert.equal(ended.code, code);
};

/** A container as its agent would have recorded it, at the newest generation. */
async function addContainer(id: string, more: Record<string, unknown> = {}): Promise<void> {
  const row = {
    id, slot: id, role: 'site', incarnation: 1, state: 'ready', address: '127.0.0.1', port: 9001, seen_at: new Date(),
    lease_expires_at: new Date(Date.now() + 3_600_000), observed_epoch: 1, ...more,
  };
  const names = Object.keys(row);
  await platform.api.database.pool.query(
    `insert into container (${names.join(', ')}, observed_generation) values (${names.map((_, i) => `$${i + 1}`).join(', ')}, (select generation from platform))`,
    Object.values(row));
}

describe('reeve status', () => {
  test('without a container all is not well, and it says why', async () => {
    const { code, stdout } = await platform.run('status');
    assert.equal(code, 9);
    assert.match(stdout, /not well[\s\S]*no container is ready/);
  });

  test('with containers that follow, all is well on one screen', async () => {
    await addContainer('c000000001');
    await addContainer('c000000002');
    const { code, stdout } = await platform.run('status');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^● all is well\n\ngeneration +1\.\d+, served by every container\nsites +1 active\nhostnames +1\nscaling +off\n\nCONTAINER/);
    assert.match(stdout, /^c000000002 +site +ready/m);
    assert.equal((await platform.json('status')).converged, true);
  });

  test('a container that only starts is as well as /platform says, and starting', async () => {
    await addContainer('c000000003', { state: 'starting', lease_expires_at: null, seen_at: null });
    const { code, stdout } = await platform.run('status');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^c000000003 +site +starting/m);
    assert.deepEqual((await platform.client.request('GET', '/platform')).containers, { ready: 2, starting: 1 });
    assert.match((await platform.run('container', 'show', 'c000000003')).stdout, /^state +starting$/m);
    await platform.api.database.pool.query("delete from container where id = 'c000000003'");
  });

  test('why scaling did or did not act, and the load that it went by', async () => {
    const { database, send } = platform.api;
    const set = (scaling: object) => platform.client.request('PATCH', '/settings', { body: { scaling }, ifMatch: '*' });
    await set({ mode: 'on', max: 4, targets: { cpu: 0.5, memory: null, awake: null, requests: null } });
    assert.match((await platform.run('status')).stdout, /^scaling +2 to 4 containers; not looked yet$/m);
    await sizeCluster(database.pool);
    assert.match((await platform.run('status')).stdout, /^scaling +2 to 4 containers; \S+ \S+ ago: no container has been measured$/m);
    await database.pool.query(`update container set load = '{"cpu":0.5,"memory":0.25,"requests":12.5,"awake":3}' where id = 'c000000001'`);
    await sizeCluster(database.pool);
    assert.match((await platform.run('status')).stdout, /^scaling +2 to 4 containers; \S+ \S+ ago: as it should be$/m);
    assert.match((await platform.run('container', 'list')).stdout, /^c000000001 +site +ready +\d+ +50 % +25 % +12\.5 +0 /m);
    assert.match((await platform.run('container', 'show', 'c000000001')).stdout, /^load +50 % of its cores, 25 % of its memory, 12\.5 requests a second, 3 awake$/m);
    assert.deepEqual((await send('GET', '/containers/c000000001')).body.load, { cpu: 0.5, memory: 0.25, requests: 12.5, awake: 3 });
    await database.pool.query(`insert into sizing (at, containers, enough, action, reason, container)
      values (clock_timestamp() - interval '2 hours', 1, 2, 'launch', 'cpu asks for 2, there are 1', 'c000000002')`);
    await sizeCluster(database.pool);
    assert.match((await platform.run('status')).stdout, /^scaled +2 h ago: launch c000000002: cpu asks for 2, there are 1$/m);
    await set({ mode: 'off' });
  });

  test('a container that lags, or is lost, and what it waits on, are named', async () => {
    await platform.api.database.pool.query(
      `update container set observed_generation = 1, waiting_on = '[{"on":"nginx","message":"bind: address in use"}]' where id = 'c000000001'`);
    await platform.api.database.pool.query("update container set lease_expires_at = now() - interval '1 minute' where id = 'c000000002'");
    const { pool } = platform.api.database;
    const { id } = await openIncident(pool, { subject: 'container:c000000002', cause: 'lost', severity: 'critical', title: 'nothing is heard of it', container: 'c000000002', incarnation: 1, evidence: {} });
    const { code, stdout } = await platform.run('status');
    assert.equal(code, 9);
    assert.match(stdout, new RegExp(`^incident +#${id} +critical: nothing is heard of it; see reeve incident show ${id}$`, 'm'));
    assert.deepEqual((await platform.api.send('GET', '/platform')).body.incidents, { open: 1, acknowledged: 0 });
    await closeIncident(pool, id, 'looked at');
    assert.match(stdout, /c000000001 +at generation 1, not \d+/);
    assert.match(stdout, /c000000001 +waits on nginx: bind: address in use/);
    assert.match(stdout, /c000000002 +nothing was heard of it/);
  });
});

describe('reeve container', () => {
  test('list, show, add, drain', async () => {
    assert.match((await platform.run('container', 'list')).stdout, /^c000000002 +site +lost/m);
    const { stdout } = await platform.run('container', 'show', 'c000000001');
    assert.match(stdout, /^waiting on +nginx: bind: address in use$/m);
    assert.deepEqual(await platform.json('container', 'show', 'c000000001'), (await platform.api.send('GET', '/containers/c000000001')).body);
    const added = await platform.json('container', 'add');
    assert.deepEqual([added.run.type, added.run.state], ['launchContainer', 'completed']);
    assert.equal((await platform.run('container', 'drain', 'c000000001', '--yes', '--force')).code, 0);
  });

  test('one that is not there, and a drain that nobody confirmed, are refused', async () => {
    await failsWith(4, /^reeve: no container c00000001; did you mean c000000001\?\n$/, 'container', 'show', 'c00000001');
    await failsWith(2, /say --yes/, 'container', 'drain', 'c000000001');
  });
});

describe('reeve run', () => {
  test('a run that failed says at which step and why, in its own exit code', async () => {
    await failsWith(9, /^suspendSite alpha: run w\w+\n {2}claim {2}completed.*\n.*\n {2}converge {2}failed.*disk full\nsuspendSite alpha: failed\nreeve: suspendSite alpha failed at converge: disk full/,
      'site', 'suspend', 'alpha');
    const { items } = await platform.json('run', 'list', '--state', 'failed');
    assert.equal(items[0].type, 'suspendSite');
    const { stdout } = await platform.run('run', 'show', items[0].id);
    assert.match(stdout, /^converge +failed .*disk full$/m);
    const { code, stderr } = await platform.run('run', 'retry', items[0].id);
    assert.equal(code, 9, stderr);
    assert.notEqual((await platform.client.request('GET', '/runs', { query: { state: 'failed' } })).items[0].id, items[0].id);
  });

  test('list is aligned; what is over cannot be cancelled; an unknown one is said', async () => {
    assert.match((await platform.run('run', 'list')).stdout, /^RUN +TYPE +SUBJECT +STATE +% +AGE +ERROR\n/);
    const { items } = await platform.client.request('GET', '/runs', { query: { state: 'completed' } });
    await failsWith(5, /./, 'run', 'cancel', items[0].id);
    await failsWith(4, /./, 'run', 'show', 'w000000000');
    await failsWith(2, /limit/, 'run', 'list', '--limit', 'many');
  });
});

describe('reeve release', () => {
  test('create, list and show', async () => {
    const made = await platform.json('release', 'create', '/srv/mysite');
    assert.deepEqual([made.source, made.phase, made.run.state], ['/srv/mysite', 'ready', 'completed']);
    assert.match((await platform.run('release', 'list')).stdout, new RegExp(`^${made.id} +\\S+ +ready`, 'm'));
    assert.match((await platform.run('release', 'show', made.id)).stdout, /^source +\/srv\/mysite$/m);
    const moved = await platform.run('site', 'upgrade', 'alpha', made.id);
    assert.equal(moved.code, 0, moved.stderr);
    assert.equal((await platform.client.request('GET', '/sites/alpha')).release, made.id);
    await failsWith(4, /^reeve: no release r000000000\n$/, 'release', 'show', 'r000000000');
  });
});

describe('reeve settings', () => {
  test('show and set', async () => {
    assert.match((await platform.run('settings', 'show')).stdout, /^ownership +"none"$/m);
    const { code, stderr } = await platform.run('settings', 'set', 'ownership=dns-txt', 'trustedProxies=["10.0.0.0/8"]', 'publicPort=8090');
    assert.deepEqual([code, stderr], [0, 'set ownership, trustedProxies, publicPort\n']);
    const { ownership, trustedProxies, publicPort } = await platform.json('settings', 'show');
    assert.deepEqual([ownership, trustedProxies, publicPort], ['dns-txt', ['10.0.0.0/8'], 8090]);
  });

  test('what there is not, and what is out of bounds, is refused', async () => {
    await failsWith(2, /publicPort: [\s\S]*owner: there is no such field/, 'settings', 'set', 'owner=x', 'publicPort=0');
    await failsWith(2, /"publicPort" is not written name=value/, 'settings', 'set', 'publicPort');
  });
});

describe('reeve token', () => {
  test('a token is printed alone, works, and works no more once it is revoked', async () => {
    const { stdout, stderr } = await platform.run('token', 'create', 'ci', '--role', 'viewer');
    assert.match(stderr, /^token k\w+ \(ci\), shown this once:\n$/);
    const env = { REEVE_API: platform.api.url, REEVE_TOKEN: stdout.trim() };
    assert.equal((await reeve(['site', 'list'], env)).code, 0);
    const forbidden = await reeve(['site', 'create', 'delta'], env);
    assert.equal(forbidden.code, 3);
    const { stdout: list } = await platform.run('token', 'list');
    assert.match(list, /^k\w+ +ci +the platform’s +viewer +all /m);
    assert.ok(!list.includes(stdout.trim()));
    assert.equal((await platform.run('token', 'revoke', 'ci', '--yes')).code, 0);
    const ended = await reeve(['site', 'list'], env);
    assert.equal(ended.code, 3);
    await failsWith(4, /no token named cii/, 'token', 'revoke', 'cii', '-y');
  });
});

describe('reeve approval', () => {
  test('a removal that needs one says how to give it; giving it does what was asked', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `many-${i}`);
    for (const name of names) await platform.api.send('POST', '/sites', { body: { name } });
    await platform.idle();
    let asked: { code: number | null; stderr: string } | undefined;
    for (const name of names) {
      const answer = await platform.api.send('DELETE', `/sites/${name}`, { headers: { 'if-match': '*' } });
      if (answer.status === 202) continue;
      asked = await platform.run('site', 'delete', name, '--yes');
      break;
    }
    await platform.idle();
    assert.equal(asked?.code, 6, asked?.stderr);
    const [, id] = asked!.stderr.match(/to approve it: reeve approval approve (a\w+)/)!;
    assert.match((await platform.run('approval', 'list')).stdout, new RegExp(`^${id} `, 'm'));
    const { code, stderr } = await platform.run('approval', 'approve', id!);
    assert.equal(code, 0, stderr);
    assert.equal((await platform.run('approval', 'reject', id!)).code, 5);
    assert.match((await platform.run('approval', 'list', '--all')).stdout, /used|approved/);
    await failsWith(4, /./, 'approval', 'approve', 'a000000000');
  });
});

describe('reeve events and audit', () => {
  test('events are those of the API; -f goes on with what comes', async () => {
    const { items } = await platform.json('events', '--after', '0');
    assert.deepEqual(items, (await platform.api.send('GET', '/events?limit=200')).body.items.slice(0, items.length));
    const following = start(['events', '-f', '--after', String(items.at(-1).id), '--json'], platform.env);
    const later = following.stdoutMatches(/"settings\.updated"/);
    await platform.client.request('PATCH', '/settings', { body: { publicPort: 8091 }, ifMatch: '*' });
    await later;
    following.kill('SIGINT');
    assert.equal((await following.ended).code, 0);
  });

  test('the audit says who did what, newest first', async () => {
    const { stdout } = await platform.run('audit', '--limit', '5');
    assert.match(stdout, /^ *AGE +WHO +ACTION +SUBJECT/);
    assert.match(stdout, / test +settings\.updated /);
    const { items } = await platform.json('audit', '--subject', 'site:none');
    assert.deepEqual(items, []);
  });
});
