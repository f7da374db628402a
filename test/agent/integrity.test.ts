/** Fault 8 by the real check: what a person changes by hand is found by one look, named, mended and recorded. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { lastCheck, listDrift, recordCheck } from '../../src/database/drift.ts';
import type { ContainerRecord } from '../../src/domain/observed.ts';
import { RENDERER_VERSION } from '../../src/domain/layout.ts';
import type { IntegrityReport } from '../../src/domain/resources/drift.ts';
import { agentToken } from '../../src/domain/secrets.ts';
import { askFiles } from '../../src/integrity/ask.ts';
import { followDrift } from '../../src/integrity/incident.ts';
import { type Integrity, integrity, type Report } from '../../src/integrity/check.ts';
import { hasEnded } from '../../src/agent/vassals/not-running.ts';
import { viewEmperor } from '../../src/agent/vassals/emperor.ts';
import { until } from '../local/wait.ts';
import { createContainer, type TestContainer } from './container.ts';
import { createPlatform, type TestPlatform } from './platform.ts';

let platform: TestPlatform;
let container: TestContainer;
let site: string;
let compare: Integrity;
before(async () => {
  platform = await createPlatform();
  container = await createContainer(platform);
  site = await platform.addSite({ env: { COLOR: 'green-and-secret' } });
  compare = integrity({ pool: platform.pool, sitesKey: platform.sitesKey, ask: askFiles(platform.sitesKey) });
  container.start();
  await container.untilReady();
  await untilSame();
});
after(async () => {
  await container?.remove();
  await platform?.close();
});

const look = () => compare.check(container.id, null);
const untilSame = () => until('all is as Postgres says', async () => (await look()).verdict === 'same');
const history = () => listDrift(platform.pool, container.id, { limit: 100 });

async function record(report: Report): Promise<void> {
  await recordCheck(platform.pool, report);
}

async function mend(): Promise<ContainerRecord> {
  const { agent_url, incarnation } = await container.row();
  const authorization = `Bearer ${agentToken(platform.sitesKey, container.id, incarnation)}`;
  const answer = await fetch(`${agent_url}/reconcile`, { method: 'POST', headers: { authorization } });
  return (await answer.json()) as ContainerRecord;
}

/** Found by one look, named; mended; recorded with its end. */
async function foundAndMended(path: string, kind: string): Promise<string | null> {
  const report = await look();
  assert.equal(report.verdict, 'drift', JSON.stringify(report));
  assert.deepEqual(report.drift.map((each) => [each.path, each.kind]), [[path, kind]], JSON.stringify(report.drift));
  await record(report);
  assert.equal((await history())[0]!.mendedAt, null);
  await mend();
  await untilSame();
  await until('its end is recorded', async () => (await history()).every(({ mendedAt }) => mendedAt !== null));
  const rows = (await history()).filter((each) => each.path === path && each.kind === kind);
  assert.equal(rows.length, 1, 'recorded once, though the container mended it by itself');
  assert.equal(rows[0]!.foundBy, 'check');
  return report.drift[0]!.diff;
}

const configuration = () => `${container.root}/nginx/${readlinkSync(`${container.root}/nginx/current`)}`;

test('a container that is as it should be: same, by one comparison of all files', async () => {
  const report = await look();
  assert.deepEqual(report.drift, []);
  // nginx's five files and the link, and the site's three files and its socket.
  assert.equal(report.files, 10);
  await record(report);
  assert.equal((await lastCheck(platform.pool, container.id))!.verdict, 'same');
});

test('a new hostname that is served, and that nginx has not read yet, is no drift, and mending does not wait for it', async () => {
  for (const hostname of ['early.example.test', 'late.example.test']) {
    await platform.bind(hostname, site);
    await until('it is served', async () => (await container.get(hostname)).status !== 421);
    if (hostname === 'late.example.test') assert.deepEqual((await mend()).waitingOn, []);
    assert.deepEqual((({ verdict, drift, reason }) => ({ verdict, drift, reason }))(await look()), { verdict: 'same', drift: [], reason: null });
  }
});

test('fault 8: an edited file of nginx, with the line that differs', async () => {
  const file = `${configuration()}/hostnames.conf`;
  appendFileSync(file, 'evil.example.test "nobody primary allow -";\n');
  assert.match((await foundAndMended(file, 'changed'))!, /^\+evil\.example\.test/m);
});

test('fault 8: a deleted file', async () => {
  const file = `${container.root}/sites/${site}.json`;
  rmSync(file);
  await foundAndMended(file, 'missing');
});

test('fault 8: an added file, whatever is in it', async () => {
  const file = `${container.root}/vassals/stray.ini`;
  writeFileSync(file, '[uwsgi]\nenv = DATABASE_PASSWORD=hunter2\n');
  const diff = await foundAndMended(file, 'extra');
  assert.match(diff!, /\+env = DATABASE_PASSWORD=\*\*\*/);
  assert.doesNotMatch(diff!, /hunter2/);
});

test('fault 8: an added directory', async () => {
  const directory = `${container.root}/vassals/stray`;
  mkdirSync(`${directory}/deeper`, { recursive: true });
  await foundAndMended(directory, 'extra');
});

test('fault 8: what the container mends by itself while a check looks at it is recorded once, by whoever was first', async () => {
  const ask = askFiles(platform.sitesKey);
  const file = `${container.root}/vassals/both.ini`;
  const rows = async () => (await history()).filter(({ path }) => path === file);
  const meanwhile = async (when: 'buckets' | 'texts') => {
    const racing = integrity({ pool: platform.pool, sitesKey: platform.sitesKey, ask: async (place, asked) => {
      const before = (await rows()).length;
      const own = async () => {
        await mend();
        await until('the agent has recorded it', async () => (await rows()).length > before);
      };
      if (when === 'buckets' && 'buckets' in asked) await own();
      const answer = await ask(place, asked);
      if (when === 'texts' && 'texts' in asked) await own();
      return answer;
    } });
    writeFileSync(file, '[uwsgi]\n');
    const report = await racing.check(container.id, null);
    await record(report);
    return report;
  };
  const before = await meanwhile('buckets');
  assert.deepEqual([before.verdict, before.reason, (await rows()).length], ['unknown', 'what differed was mended while it was looked at', 1]);
  const after = await meanwhile('texts');
  assert.deepEqual([after.verdict, after.drift.map(({ path }) => path)], ['drift', [file]]);
  assert.deepEqual((await rows()).map(({ foundBy, mendedAt }) => [foundBy, mendedAt !== null]), [['agent', true], ['agent', true]]);
  await untilSame();
  // Changed again, it is another finding.
  writeFileSync(file, '[uwsgi]\n');
  assert.equal((await rows()).length, 2);
  await record(await look());
  assert.equal((await rows()).length, 3);
  await mend();
  await untilSame();
});

test('fault 8: a release that is not as it was prepared, by the file that differs; what only was touched is no drift', async () => {
  const code = `${platform.releasesDir}/${platform.release}/code/app.py`;
  const was = readFileSync(code);
  const drift = async () => (await look()).drift.map(({ path, kind }) => [path, kind]);
  writeFileSync(code, was);
  assert.deepEqual(await drift(), []);
  appendFileSync(code, '# by hand\n');
  assert.deepEqual(await drift(), [[code, 'changed']]);
  writeFileSync(`${code}c`, '');
  assert.deepEqual(await drift(), [[code, 'changed'], [`${code}c`, 'extra']]);
  rmSync(`${code}c`);
  renameSync(code, `${code}.away`);
  assert.deepEqual(await drift(), [[code, 'missing'], [`${code}.away`, 'extra']]);
  renameSync(`${code}.away`, code);
  writeFileSync(code, was);
  assert.deepEqual(await drift(), []);
});

test('drift that mending does not end is an incident on the container, until it is gone', async () => {
  const { incarnation } = await container.row();
  const report: IntegrityReport = {
    container: container.id, incarnation, verdict: 'drift', reason: null, files: 10, leftOut: 0, drift: [{ path: '/nowhere', kind: 'changed', diff: null }],
  };
  const incidents = async () => (await platform.pool.query("select subject, state from incident where cause = 'drift'")).rows;
  await record(report);
  await followDrift(platform.pool, report, true);
  assert.deepEqual(await incidents(), [], 'just found: it is being mended');
  await platform.pool.query("update drift set found_at = found_at - interval '10 seconds' where path = '/nowhere'");
  await followDrift(platform.pool, report, false);
  assert.deepEqual(await incidents(), [], 'nobody has mended it yet');
  await followDrift(platform.pool, report, true);
  assert.deepEqual(await incidents(), [{ subject: `container:${container.id}`, state: 'open' }]);
  await followDrift(platform.pool, report, true);
  await platform.pool.query("update drift set found_at = found_at - interval '10 minutes' where path = '/nowhere'");
  await followDrift(platform.pool, report, true);
  const { rows: ledger } = await platform.pool.query("select i.severity, m.decision || ' ' || m.action as decided, m.result from remediation m join incident i on i.id = m.incident where i.cause = 'drift' order by m.id");
  assert.deepEqual(ledger, [
    { severity: 'critical', decided: 'acted regenerate', result: 'persists' }, { severity: 'critical', decided: 'refused replace', result: null }]);
  const gone = await look();
  await record(gone);
  await followDrift(platform.pool, gone, false);
  assert.deepEqual((await incidents()).map(({ state }) => state), ['closed']);
});

test('a vassal that does not come up is judged by its site’s probes; only after ten minutes, and when nobody says so of the site, is it the container’s', async () => {
  const { incarnation } = await container.row();
  const path = `process:${site}.0123456789`;
  const report: IntegrityReport = { container: container.id, incarnation, verdict: 'drift', reason: null, files: 10, leftOut: 0, drift: [{ path, kind: 'missing', diff: null }] };
  const open = async () => (await platform.pool.query("select evidence from incident where cause = 'drift' and state = 'open'")).rows.map(({ evidence }) => evidence.paths);
  const older = async (than: string) => { await platform.pool.query('update drift set found_at = found_at - $1::interval where path = $2', [than, path]); };
  await record(report);
  await older('1 minute');
  await followDrift(platform.pool, report, true);
  assert.deepEqual(await open(), []);
  await older('10 minutes');
  await platform.pool.query(`insert into incident (subject, cause, severity, title) values ('site:' || $1, 'down-everywhere', 'critical', 'x')`, [site]);
  await followDrift(platform.pool, report, true);
  assert.deepEqual(await open(), [], 'the site has an incident of its own');
  await platform.pool.query(`update incident set state = 'closed' where subject = 'site:' || $1`, [site]);
  await followDrift(platform.pool, report, true);
  assert.deepEqual(await open(), [[path]]);
  const gone = await look();
  await record(gone);
  await followDrift(platform.pool, gone, false);
  assert.deepEqual(await open(), []);
});

test('fault 8: an edited environment shows which key, and no value', async () => {
  const file = `${container.root}/sites/${site}.env`;
  writeFileSync(file, readFileSync(file, 'utf8').replace('green-and-secret', 'red-and-secret'));
  const diff = await foundAndMended(file, 'changed');
  assert.match(diff!, /^-.*"COLOR": "\*\*\* [0-9a-f]{4}"/m);
  assert.match(diff!, /^\+.*"COLOR": "\*\*\* [0-9a-f]{4}"/m);
  assert.doesNotMatch(diff!, /and-secret/);
});

test('fault 8: nginx’s link to its configuration is swapped', async () => {
  const link = `${container.root}/nginx/current`;
  const was = readlinkSync(link);
  mkdirSync(`${container.root}/nginx/9-other`);
  rmSync(link);
  symlinkSync('9-other', link);
  await foundAndMended(link, 'changed');
  assert.equal(readlinkSync(link), was);
});

test('a vassal that is killed: named by one look, and it runs again', async () => {
  await look();
  const stats = `${container.config.runDir}/own/emperor.stats`;
  const [name, { pid }] = [...(await viewEmperor(stats))!].find(([each]) => each.startsWith(site))!;
  process.kill(pid, 'SIGKILL');
  await until('the kernel has ended it', () => hasEnded(pid));
  const report = await look();
  assert.deepEqual(report.drift.map((each) => [each.path, each.kind]), [[`process:${name}`, 'missing']], JSON.stringify(report));
  assert.match(report.drift[0]!.diff!, /ended/);
  await record(report);
  await mend();
  await untilSame();
  await record(await look());
  assert.notEqual((await history())[0]!.mendedAt, null);
  await until('it serves', async () => (await container.get(`${site}.test`)).status === 200);
});

test('files changed while the agent was down are mended by the next one, and recorded', async () => {
  process.kill(container.pid('agent'), 'SIGSTOP');
  const agent = container.pid('agent');
  const env = `${container.root}/sites/${site}.env`;
  writeFileSync(env, '{}\n');
  const hostnames = `${configuration()}/hostnames.conf`;
  appendFileSync(hostnames, 'evil.example.test "nobody primary allow -";\n');
  process.kill(agent, 'SIGKILL');
  await until('another agent runs', () => container.pid('agent') !== agent && container.pid('agent') !== 0);
  await until('both are recorded', async () => {
    const fresh = (await history()).filter(({ foundBy }) => foundBy === 'agent').map(({ path }) => path);
    return fresh.includes(env) && fresh.includes(hostnames);
  });
  await untilSame();
});

test('another renderer version is unknown, never drift; so is a container that does not answer', async () => {
  const described = (await askFiles(platform.sitesKey)(
    { id: container.id, role: 'site', incarnation: (await container.row()).incarnation, agentUrl: (await container.row()).agent_url }, { describe: true })) as Parameters<Integrity['check']>[2];
  const other = await compare.check(container.id, null, { ...described!, rendererVersion: RENDERER_VERSION + 1, buckets: [] });
  assert.equal(other.verdict, 'unknown');
  assert.match(other.reason!, /renderer is version/);

  const agent = container.pid('agent');
  process.kill(agent, 'SIGSTOP');
  try {
    const silent = await integrity({ pool: platform.pool, sitesKey: platform.sitesKey, ask: askFiles(platform.sitesKey, 1_000) }).check(container.id, null);
    assert.equal(silent.verdict, 'unknown');
    assert.match(silent.reason!, /does not answer|did not answer/);
  } finally {
    process.kill(agent, 'SIGCONT');
  }
});
