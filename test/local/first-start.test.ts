/** What `npm start` does once its parts run: waits for them and says on what, and brings the first release and sites. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Client, createClient } from '../../src/api/client.ts';
import { insertContainer } from '../../src/cluster/rows.ts';
import { makeId } from '../../src/domain/id.ts';
import { findHome } from '../../src/local/home.ts';
import type { Report, Step } from '../../src/local/setup/installed.ts';
import { containersToRun } from '../../src/local/up/containers.ts';
import { writeSecret } from '../../src/local/up/keys.ts';
import { untilApiReady, untilContainersReady } from '../../src/local/up/ready.ts';
import { bringFirstSites } from '../../src/local/up/samples.ts';
import { currentToken } from '../../src/local/up/token.ts';
import { watchRun } from '../../src/local/up/watch.ts';
import { startApi, type TestApi } from '../api/harness.ts';
import { EMPTY_HOME, reeve } from '../cli/program.ts';
import { createWorker } from '../cli/worker.ts';
import { until } from './wait.ts';

const scratch = mkdtempSync(join(tmpdir(), 'reeve-first-start-'));
const mark = join(scratch, 'first-start.json');
const never = new AbortController().signal;
/** Runs are begun at once, or kept until the test lets them go: as a start that was cut short leaves them. */
let held: string[] | null = null;
const worker = createWorker(() => platform.database.pool);
let platform: TestApi;
let api: Client;

before(async () => {
  platform = await startApi({ startRun: (run) => (held ? void held.push(run) : worker.startRun(run)) });
  api = createClient({ api: platform.url, token: platform.token });
});
after(async () => {
  await worker.idle();
  await platform?.close();
  for (const place of [scratch, findHome({ root: EMPTY_HOME }).runDir]) rmSync(place, { recursive: true, force: true });
});

const start = async (codebase?: string, samples = true) => {
  const steps: Step[] = [];
  const notes = await bringFirstSites(api, { codebase, example: '/srv/example', samples, mark }, (step) => steps.push(step), never);
  return { steps, notes: notes.join('\n') };
};
const releases = async (): Promise<{ id: string; source: string; phase: string }[]> => (await api.request('GET', '/releases')).items;
const sites = async (): Promise<string[]> => (await api.request('GET', '/sites')).items.map((site: { name: string }) => site.name);

describe('the first release and sites', () => {
  test('a start that was cut short joins the run that it left, makes the sample that is missing, and waits for both', async () => {
    // The seeded release is of the example; this platform is asked for another codebase, and was cut short in the middle.
    held = [];
    const left = await api.request('POST', '/releases', { body: { source: '/srv/mysite' } });
    await api.request('POST', '/sites', { body: { name: 'alpha' } });
    const going = start('/srv/mysite');
    const [release, alpha] = held as [string, string];
    held = null;
    worker.startRun(release);
    await until('beta to be asked for', async () => (await sites()).includes('beta'));
    worker.startRun(alpha);
    const { steps } = await going;
    assert.deepEqual((await releases()).filter(({ source }) => source === '/srv/mysite').map(({ id, phase }) => [id, phase]), [[left.id, 'ready']]);
    assert.deepEqual(await sites(), ['alpha', 'beta']);
    assert.deepEqual(steps.filter(({ name, state }) => name === 'Site' && state === 'done').map(({ detail }) => detail), ['alpha', 'beta']);
  });

  test('once all was there, a sample that a person deletes stays away', async () => {
    const { code, stderr } = await reeve(['site', 'delete', 'beta', '--yes'], { REEVE_API: platform.url, REEVE_TOKEN: platform.token });
    assert.equal(code, 0, stderr);
    await reeve(['site', 'purge', 'beta', '--yes'], { REEVE_API: platform.url, REEVE_TOKEN: platform.token });
    await start();
    assert.deepEqual(await sites(), ['alpha']);
  });

  test('a platform older than the mark, which has a site of a person’s, gets no samples again', async () => {
    rmSync(mark);
    await api.request('POST', '/sites', { body: { name: 'gamma' } });
    await start();
    assert.deepEqual(await sites(), ['alpha', 'gamma']);
  });

  test('another codebase gets a release, and how sites come to it is said; the same one again gets none', async () => {
    const before = await releases();
    const { notes } = await start('/srv/other');
    const [made, ...others] = await releases();
    assert.deepEqual([made!.source, made!.phase, others.length], ['/srv/other', 'ready', before.length]);
    assert.ok(notes.includes(`npx reeve site upgrade <site> ${made!.id}`), notes);
    const again = await start('/srv/other');
    assert.equal((await releases()).length, before.length + 1);
    assert.match(again.notes, /\/srv\/other is release .*: npx reeve release create \/srv\/other/);
    assert.deepEqual((await start()).notes, '', 'nobody asked');
  });

  test('a codebase has its release also when hundreds of others were made since', async (t) => {
    const { pool } = platform.database;
    t.after(() => pool.query(`delete from release where source = '/srv/many'`));
    await pool.query(`insert into release (id, codebase, source, phase, rev) select 'r' || lpad(n::text, 9, '0'), 'many', '/srv/many', 'failed', 0 from generate_series(1, 230) n`);
    const { rows: [made] } = await pool.query<{ id: string }>(`select id from release where source = '/srv/other'`);
    assert.match((await start('/srv/other')).notes, new RegExp(`^/srv/other is release ${made!.id}; `, 'm'));
  });
});

describe('the token of a start', () => {
  const accessFile = join(scratch, 'access.json');
  const begin = async () => {
    const token = await currentToken(accessFile, platform.database.pool);
    writeSecret(accessFile, JSON.stringify({ token }));
    assert.equal((await platform.send('GET', '/releases', { token })).status, 200);
    return token;
  };
  const firstTokens = async () => (await platform.database.pool.query(`select actor ->> 'id' as by from audit where action = 'token.created' and after ->> 'name' = 'first'`)).rows;

  test('is kept while it is good, and made anew where it was revoked or is gone, also while others are live', async () => {
    const first = await begin();
    assert.equal(await begin(), first);
    const { id } = (await platform.send('GET', '/me', { token: first })).body;
    assert.equal((await platform.send('DELETE', `/tokens/${id}`)).status, 204);
    const second = await begin();
    assert.equal(await begin(), second);
    for (const text of ['{', '{}', JSON.stringify({ token: 'reeve_of-another-platform' })]) {
      writeFileSync(accessFile, text);
      assert.notEqual(await begin(), second);
    }
    // What another home has is its own.
    assert.equal((await platform.send('GET', '/releases', { token: second })).status, 200);
    assert.deepEqual(await firstTokens(), Array(5).fill({ by: 'reeve' }));
  });
});

describe('containers', () => {
  const known = (slot: string, role: 'site' | 'edge' = 'site') => ({ id: slot, slot, role });
  const slots = (...args: Parameters<typeof containersToRun>) => containersToRun(...args).map(({ slot }) => slot);
  let n = 0;
  const newId = () => `new-${++n}`;

  test('a first start has two and an edge; more are added when asked for, and none is ended', () => {
    assert.deepEqual(slots([], new Set(), undefined, newId), ['edge', 'local-1', 'local-2']);
    const three = [known('edge', 'edge'), known('local-1'), known('local-2'), known('c9')];
    const taken = new Set(three.map(({ slot }) => slot));
    assert.deepEqual(slots(three, taken, undefined, newId), ['edge', 'local-1', 'local-2', 'c9']);
    assert.deepEqual(slots(three, taken, 1, newId), ['edge', 'local-1', 'local-2', 'c9']);
    assert.deepEqual(slots(three, taken, 4, newId), ['edge', 'local-1', 'local-2', 'c9', 'local-4']);
  });

  test('the slot of one that was ended, or replaced, is nobody else’s; an edge is known by what it does', () => {
    const added = containersToRun([known('c8', 'edge')], new Set(['edge', 'local-1', 'c8']), 2, newId);
    assert.deepEqual(added.map(({ role }) => role), ['edge', 'site', 'site']);
    assert.equal(added[1]!.slot, added[1]!.id);
    assert.equal(added[2]!.slot, 'local-2');
  });

  test('a number that is none is refused, and so is a codebase that is not there, before anything is set up', async () => {
    for (const given of ['abc', '0']) {
      const { code, stderr } = await reeve(['up', `--containers=${given}`]);
      assert.notEqual(code, 0);
      assert.match(stderr, /'--containers <n>' argument '.*' is invalid. It is a whole number from 1 to 32/);
    }
    const { code, stderr, stdout } = await reeve(['up', '--codebase', join(scratch, 'nowhere')]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^reeve: --codebase .*nowhere: there is no directory .*\n$/);
  });
});

describe('waiting for the parts', () => {
  test('a database that does not answer is told in one line, without its password', async () => {
    const away = 'postgres://reeve:a-secret@127.0.0.1:9/reeve';
    const { code, stderr } = await reeve(['up'], { DATABASE_URL: away, REEVE_SITES_DATABASE_URL: away, TEMPORAL_ADDRESS: '127.0.0.1:9' });
    assert.equal(code, 1);
    assert.match(stderr, /^reeve: the platform's database cannot be prepared: connect ECONNREFUSED 127\.0\.0\.1:9 \(the server of DATABASE_URL\)\n$/);
  });

  test('a run that nobody begins is no reason to wait for ever', async () => {
    held = [];
    const { run } = await api.request('POST', '/releases', { body: { source: '/srv/late' } });
    const [id] = held as [string];
    held = null;
    const steps: Step[] = [];
    await assert.rejects(watchRun(api, run.id, 'Release', '/srv/late', (step) => steps.push(step), never, 300), /nobody began it: is Temporal there\?/);
    assert.equal(steps[0]!.detail, '/srv/late: waits for Temporal and the control worker');
    worker.startRun(id);
  });

  const patience = { tellEvery: 0, giveUpAfter: 300 };

  test('an API that is not ready: what it says is told, then one line with its log', async (t) => {
    const log = join(scratch, 'api.log');
    writeFileSync(log, 'earlier\ncannot read the key\n');
    const server = createServer((_, response) => response.writeHead(503).end('{"detail":"the database is away"}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const steps: Step[] = [];
    await assert.rejects(untilApiReady(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, log, (step) => steps.push(step), never, patience), (error: Error) => {
      assert.match(error.message, /^the API at .* did not become ready: the database is away; its log is .*api\.log: cannot read the key$/);
      return true;
    });
    assert.match(steps[0]!.detail, /the database is away; .*api\.log: cannot read the key/);
  });

  test('containers that do not come: each with its state, what it waits on, and its log; where others serve, only told', async () => {
    const { pool } = platform.database;
    const [edge, one, two] = [0, 1, 2].map(() => makeId('c', randomBytes(9))) as [string, string, string];
    await insertContainer(pool, { id: edge, slot: 'edge', role: 'edge' });
    await insertContainer(pool, { id: one, slot: 'local-1', role: 'site' });
    await insertContainer(pool, { id: two, slot: 'local-2', role: 'site' });
    const isReady = (id: string) => pool.query("update container set state = 'ready', lease_expires_at = clock_timestamp() + interval '1 hour' where id = $1", [id]);
    await pool.query("update container set waiting_on = $2 where id = $1", [one, JSON.stringify([{ on: 'nginx', message: 'no such directive' }])]);
    await isReady(edge);
    const steps: Step[] = [];
    const logOf = (id: string) => `/logs/${id}`;
    await assert.rejects(untilContainersReady(pool, logOf, (step) => steps.push(step), never, patience), (error: Error) => {
      assert.match(error.message, new RegExp(`^no site can be served: .*${one} is starting, waits on nginx: no such directive; its log is /logs/${one}`));
      assert.doesNotMatch(error.message, new RegExp(`${edge}|\n`));
      return true;
    });
    assert.ok(steps.some(({ detail }) => detail === `${two} is starting; its log is /logs/${two}`));
    await isReady(one);
    assert.deepEqual(await untilContainersReady(pool, logOf, () => {}, never, patience), [`${two} is starting; its log is /logs/${two}`]);
    await isReady(two);
    assert.deepEqual(await untilContainersReady(pool, logOf, () => {}, never, patience), []);
  });

  test('whoever is asked to stop waits for nothing any more: not for the API, a container or a run', { timeout: 20_000 }, async (t) => {
    const server = createServer((_, response) => response.writeHead(503).end('{}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    held = [];
    const { run } = await api.request('POST', '/releases', { body: { source: '/srv/left' } });
    const [id] = held as [string];
    held = null;
    await platform.database.pool.query("update container set state = 'starting'");
    const endless = { tellEvery: 0, giveUpAfter: 600_000 };
    for (const waits of [
      (report: Report, stopping: AbortSignal) => untilApiReady(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, join(scratch, 'api.log'), report, stopping, endless),
      (report: Report, stopping: AbortSignal) => untilContainersReady(platform.database.pool, (one) => one, report, stopping, endless),
      (report: Report, stopping: AbortSignal) => watchRun(api, run.id, 'Release', '/srv/left', report, stopping),
    ]) {
      const asked = new AbortController();
      // Asked for the second time that it looks: it is waiting then.
      let looks = 0;
      await assert.rejects(waits(() => { if (++looks === 2) asked.abort(); }, asked.signal), { name: 'AbortError' });
      assert.ok(asked.signal.aborted);
    }
    worker.startRun(id);
  });
});
