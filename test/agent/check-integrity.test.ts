/** checkIntegrity and its routes on a real container, a real Temporal server and the real API. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { integrityActivities } from '../../activities/platform/integrity.ts';
import type { PlatformActivities } from '../../activities/platform/index.ts';
import { runActivities } from '../../activities/platform/run.ts';
import { type Client, createClient } from '../../src/api/client.ts';
import { createApi } from '../../src/api/create.ts';
import { installRuntime } from '../../src/control/runtime.ts';
import { listDrift } from '../../src/database/drift.ts';
import { readRun } from '../../src/database/run.ts';
import { createToken } from '../../src/database/tokens.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import type { ContainerDrift } from '../../src/domain/resources/drift.ts';
import { openIncident } from '../../src/database/incidents.ts';
import type { Why } from '../../src/domain/why.ts';
import { bundledWorkflows, bundleDirectory } from '../../src/temporal/bundle.ts';
import { CONTROL_QUEUE } from '../../src/temporal/names.ts';
import { startRun } from '../../src/temporal/start.ts';
import { createWorker } from '../../src/temporal/worker.ts';
import type { IntegritySummary } from '../../workflows/check-integrity.ts';
import { until } from '../local/wait.ts';
import { type TestTemporal, testTemporal } from '../temporal.ts';
import { readPids } from '../../src/agent/supervise/pids.ts';
import { createLog } from '../../src/log.ts';
import { createContainer, type TestContainer } from './container.ts';
import { createPlatform, type TestPlatform } from './platform.ts';

const quiet = createLog({}, () => {});
let platform: TestPlatform;
let temporal: TestTemporal;
let container: TestContainer;
let site: string;
let api: Client;
const closing: (() => Promise<unknown>)[] = [];
/** What each look found, and whether the container had been mended before it. */
let judgements: [verdict: string, mended: boolean | undefined][] = [];

before(async () => {
  installRuntime(quiet);
  platform = await createPlatform();
  closing.push(() => platform.close());
  temporal = await testTemporal();
  closing.push(() => temporal.close());
  container = await createContainer(platform, {
    temporal: { address: temporal.config.TEMPORAL_ADDRESS, namespace: temporal.config.TEMPORAL_NAMESPACE },
  });
  closing.push(() => container.remove());
  site = await platform.addSite({ env: { COLOR: 'green-and-secret' } });
  container.start();
  await startWorker();
  await startApi();
  await container.untilReady();
});
after(async () => {
  for (const close of closing.reverse()) await close();
});

async function startWorker(): Promise<void> {
  const { pool, sitesKey } = platform;
  const checking = integrityActivities({ pool, parts: { sitesKey } });
  const { worker, connection } = await createWorker({
    config: temporal.config, pool, codePath: await bundledWorkflows(bundleDirectory()), onRecordError: () => {},
    // What is asked of it here, and nothing else.
    activities: {
      ...checking, ...runActivities({ pool }),
      judgeFiles: async (asked) => {
        const judged = await checking.judgeFiles(asked);
        judgements.push([judged.verdict, asked.mended]);
        return judged;
      },
    } as PlatformActivities,
  });
  const running = worker.run();
  closing.push(async () => {
    worker.shutdown();
    await running;
    await connection.close();
  });
}

async function startApi(): Promise<void> {
  const { pool, sitesKey, url } = platform;
  const created = createApi({
    pool, sitesKey, alertsKey: sitesKey, peopleKey: sitesKey, log: quiet,
    config: { REEVE_DATABASE_URL: url, REEVE_SITES_SERVER: 'local', REEVE_TEMPORAL_UI: undefined, TEMPORAL_NAMESPACE: 'default' },
    startRun: (run) => void startRun(temporal.client, pool, run),
  });
  const server = created.app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { text: token } = await createToken(pool, { name: 'test', role: 'owner', actor: { kind: 'system', id: 'test', name: 'test' } });
  api = createClient({ api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token });
  closing.push(async () => {
    await created.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}

let checks = 0;
const check = async (): Promise<IntegritySummary> =>
  await temporal.client.workflow.execute('checkIntegrity', { taskQueue: CONTROL_QUEUE, workflowId: `checkIntegrity-${++checks}`, args: [] });
const drift = () => api.request<ContainerDrift>('GET', `/containers/${container.id}/drift`);

test('fault 8: edited, deleted, added, swapped: one check finds all of it, has it mended, and says so', async () => {
  await until('all is as it should be', async () => (await check()).same === 1);
  const current = `${container.root}/nginx/current`;
  const configuration = `${container.root}/nginx/${readlinkSync(current)}`;
  appendFileSync(`${configuration}/hostnames.conf`, 'evil.example.test "nobody primary allow -";\n');
  rmSync(`${container.root}/sites/${site}.json`);
  writeFileSync(`${container.root}/vassals/stray.ini`, '[uwsgi]\n');
  mkdirSync(`${container.root}/nginx/9-other`);
  rmSync(current);
  symlinkSync('9-other', current);

  const live = await drift();
  assert.equal(live.now.verdict, 'drift');
  assert.equal(live.now.drift.length, 4, 'asked for, and nothing is changed by that');
  judgements = [];
  const summary = await check();
  assert.deepEqual([judgements[0], judgements.at(-1)], [['drift', false], ['same', true]]);
  assert.deepEqual(summary, { containers: 1, same: 0, mended: [container.id], notMended: [], unknown: [] });
  const { now, last, items } = await drift();
  assert.equal(now.verdict, 'same');
  assert.equal(last!.verdict, 'same');
  assert.deepEqual(items.map(({ kind, foundBy }) => `${kind} ${foundBy}`).sort(), ['changed check', 'changed check', 'extra check', 'missing check']);
  assert.ok(items.every(({ mendedAt }) => mendedAt !== null), JSON.stringify(items));
  assert.equal((await container.get(`${site}.test`)).status, 200);
});

test('nothing secret is in the check’s history', async () => {
  writeFileSync(`${container.root}/sites/${site}.env`, '{"COLOR": "red-and-secret"}\n');
  await check();
  const history = JSON.stringify(await temporal.client.workflow.getHandle(`checkIntegrity-${checks}`).fetchHistory());
  for (const secret of ['red-and-secret', 'green-and-secret']) {
    assert.ok(!history.includes(secret) && !history.includes(Buffer.from(secret).toString('base64').slice(0, 12)));
    assert.ok(!JSON.stringify(await listDrift(platform.pool, container.id, { limit: 100 })).includes(secret));
  }
});

test('POST check records without mending; POST regenerate is a run that mends and proves', async () => {
  const file = `${container.root}/sites/${site}.json`;
  rmSync(file);
  const report = await api.request('POST', `/containers/${container.id}/check`);
  assert.equal(report.verdict, 'drift');
  assert.equal((await drift()).items[0]!.mendedAt, null);
  const answer = await api.exchange('POST', `/containers/${container.id}/regenerate`, { body: { reason: 'a test' } });
  assert.equal(answer.status, 202);
  const run = answer.location!.split('/').at(-1)!;
  await until('the run has ended', async () => (await readRun(platform.pool, run))?.ended_at !== null);
  const row = await readRun(platform.pool, run);
  assert.equal(row!.state, 'completed', JSON.stringify(row!.error));
  assert.equal(row!.result!.verdict, 'same');
  assert.notEqual((await drift()).items[0]!.mendedAt, null);
  assert.deepEqual((await api.request('GET', `/runs/${run}`)).steps.map((step: { name: string }) => step.name), ['claim', 'regenerate', 'judgeFiles']);
  await assert.rejects(api.request('POST', `/containers/c00000none/regenerate`), (error) => isReeveError(error, 'not-found'));
  await assert.rejects(api.request('POST', `/containers/${container.id}/regenerate`, { body: { incarnation: 99 } }), (error) => isReeveError(error, 'conflict'));
});

test('why: the hostname, asked in the container, with its vassal and its database', async () => {
  const why = await api.request<Why>('GET', `/why/${site}.test`);
  const line = (what: string) => why.lines.find((each) => each.what === what)!;
  assert.match(line('container').reason, /^200 in \d+ ms; vassal awake$/);
  assert.equal(line('hostname').state, 'ok');
  assert.match(line('change').reason, /^site\.created by test/);
  // This platform's sites have no databases.
  assert.equal(line('database').state, 'bad');
  assert.match(why.next, /database/);
  assert.match((await api.request<Why>('GET', '/why/nobody.example.test')).next, /reeve host bind/);
});

test('why: an incident of its container, and rather of its database server, but not of another site there', async () => {
  const told = async () => (await api.request<Why>('GET', `/why/${site}.test`)).lines.find(({ what }) => what === 'incident')?.reason;
  const { rows: [{ server }] } = await platform.pool.query('select database_server as server from site where id = $1', [site]);
  const open = async (subject: string, title: string, of: object = {}) =>
    (await openIncident(platform.pool, { subject, cause: 'why', severity: 'warning', title, evidence: {}, ...of })).id;
  const opened = [await open(`container:${container.id}`, 'another site is down there', { site: 's00000none' })];
  try {
    assert.equal(await told(), undefined);
    opened.push(await open('container:c00000none', 'it is gone'));
    assert.equal(await told(), undefined);
    await platform.pool.query(`update incident set cause = 'other' where id = $1`, [opened[0]]);
    opened.push(await open(`container:${container.id}`, 'its disk is full'));
    assert.equal(await told(), `its disk is full (container:${container.id})`);
    opened.push(await open(`database:${server}`, 'it is silent'));
    assert.equal(await told(), `it is silent (database:${server})`);
  } finally {
    await platform.pool.query('delete from incident where id = any($1)', [opened]);
  }
});

test('a container whose agent does not answer is unknown, and nothing is done to it', async () => {
  const agent = container.pid('agent');
  // Its supervisor would start another one.
  const supervisor = readPids(container.root).supervisor!.pid;
  process.kill(supervisor, 'SIGSTOP');
  process.kill(agent, 'SIGSTOP');
  try {
    const [summary, live] = await Promise.all([check(), drift()]);
    assert.deepEqual([summary.unknown, summary.mended, summary.notMended], [[container.id], [], []]);
    assert.equal(live.now.verdict, 'unknown');
  } finally {
    process.kill(agent, 'SIGCONT');
    process.kill(supervisor, 'SIGCONT');
  }
});
