/** A site's process, its database server or a whole container is sick and still there: what is at fault is named, and mended by the mildest means. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Approval } from '../../src/domain/resources/record.ts';
import type { Incident, Remediation } from '../../src/domain/resources/remediation.ts';
import { identify } from '../../src/process/identity.ts';
import { type OwnServer, startOwnServer } from '../postgres-server.ts';
import { createSite, inEachContainer, type Platform, runOver, startPlatform, until, visit } from './platform.ts';
import { vassalsOf, workersOf } from './processes.ts';
import { cure, LEAK_MB, sicken, sickCodebase } from './sick-codebase.ts';
import { actedOn, chosenAtEdge, incidentsOf, ledgerOf, list, membersOf, situationOf, storyOf } from './situation.ts';
import { takeConnections } from './taken-connections.ts';
import { visitors } from './visitors.ts';

const REEVE = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin/reeve.cjs');
const NAMES = ['one', 'two', 'three'];
const HOSTNAMES = NAMES.map((name) => `${name}.localhost`);
/** The quickest that settings allow; and nothing waits for an earlier test's replacement. */
const SETTINGS = {
  health: { intervalSeconds: 5, suspectSeconds: 1, slowMs: 2_000, timeoutMs: 4_000, downAfterSeconds: 2 },
  remediation: { cooldownMinutes: 0, perHour: 10 },
};
/** Of a machine that has much else to do; one site alone is given a minute before its container is replaced. */
const WITHIN = 180_000;
/** Of the 300 connections of the sites' server, those that ordinary roles may have. */
const ORDINARY = 40;
const code = sickCodebase();
let server: OwnServer;
let platform: Platform;
const sites = new Map<string, string>();

before(async () => {
  server = await startOwnServer();
  await asSuperuser(`alter system set reserved_connections = ${300 - 3 - ORDINARY}`, 'create role outsider login',
    'grant connect on database postgres to outsider');
  await server.down();
  await server.up();
  platform = await startPlatform(['--codebase', code.path, '--no-samples'], undefined, { REEVE_SITES_DATABASE_URL: server.url });
  const settings = (body: object) => platform.api.request('PATCH', '/settings', { body, ifMatch: '*' });
  // Quick to say down only once all are up: a busy machine takes its time to start them, which is no fault.
  await settings({ ...SETTINGS, health: { ...SETTINGS.health, downAfterSeconds: 120 } });
  for (const name of NAMES) sites.set(name, await createSite(platform, name));
  await until('every site to be up everywhere', () => untilUp(), WITHIN);
  await settings(SETTINGS);
}, { timeout: 10 * 60_000 });
after(async () => {
  await platform?.remove();
  await server?.stop();
  code.remove();
});

async function asSuperuser(...statements: string[]): Promise<void> {
  const client = new pg.Client(server.url);
  await client.connect();
  for (const each of statements) await client.query(each);
  await client.end();
}

/** All that was opened is closed, and what was begun about it has ended. */
const untilQuiet = () => until('everything to be over', async () => {
  const [opened, done] = await Promise.all([list<Incident>(platform, '/incidents'), list<Remediation>(platform, '/remediations')]);
  return opened.every(({ state }) => state === 'closed') && done.every(({ decision, result }) => decision !== 'acted' || result !== null);
}, WITHIN);
const idOf = (name: string) => sites.get(name)!;
async function untilUp(sites = NAMES.length): Promise<boolean> {
  const cells = await list<{ verdict: string }>(platform, '/health');
  return cells.length === sites * (await membersOf(platform)).length && cells.every(({ verdict }) => verdict === 'up' || verdict === 'slow');
}
const incidents = (cause: string) => incidentsOf(platform, cause);
const ledger = (incident: Incident) => ledgerOf(platform, incident);
const acted = (incident: Incident) => actedOn(platform, incident);
/** The newest of that cause, once it is over. */
const closed = (cause: string, known: readonly Incident[] = []) => until(`the incident ${cause} to be over`, async () => {
  const found = (await incidents(cause)).find(({ id }) => known.every((each) => each.id !== id));
  return found?.state === 'closed' ? found : null;
}, WITHIN);
const rssMb = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;

test('fault 21: a vassal that hangs is started anew where it hangs; its neighbours do not notice, and its own visitors get their page late', { timeout: 5 * 60_000 }, async (t) => {
  const before = await situationOf(platform);
  const here = await chosenAtEdge(platform, 'one.localhost');
  const cause = `site-down:${idOf('one')}`;
  const known = await incidents(cause);
  const vassals = await vassalsOf(platform, here.id);
  const master = vassals.get(idOf('one'))!;
  const traffic = visitors(platform, HOSTNAMES.slice(1));
  const own = visitors(platform, Array.from({ length: 8 }, () => 'one.localhost'));
  const hungAt = Date.now();
  const hung = [master, ...workersOf(master)];
  for (const pid of hung) process.kill(pid, 'SIGSTOP');

  const found = await closed(cause, known);
  t.diagnostic(`found and mended after ${Math.round((Date.now() - hungAt) / 1_000)} s`);
  const { count, failed } = await traffic.stop();
  const late = await own.stop();
  t.diagnostic(`${late.count} requests of its own visitors, ${late.failed.length} failed`);
  assert.deepEqual([found.subject, found.closedWhy], [`container:${here.id}`, 'well again']);
  assert.deepEqual(late.failed, []);
  // Its verdicts may be well before the run that mended it has ended.
  const ended = await until('the run to say so', async () => {
    const one = (await incidents(cause)).find(({ id }) => id === found.id)!;
    return storyOf(one).includes('regenerated: recovered') ? one : null;
  });
  assert.deepEqual(storyOf(ended).slice(0, 4), ['opened', 'acted: regenerate', 'probed again', 'vassals started anew']);
  assert.deepEqual(storyOf(ended).slice(4).sort(), ['closed', 'regenerated: recovered']);
  assert.deepEqual(await acted(found), [['regenerate', 'recovered']]);
  assert.deepEqual(hung.map(identify), hung.map(() => null), 'nothing of it is left');
  const now = await vassalsOf(platform, here.id);
  for (const name of ['two', 'three']) assert.equal(now.get(idOf(name)), vassals.get(idOf(name)), `${name} was left alone`);
  assert.deepEqual((await situationOf(platform)).containers, before.containers);
  assert.deepEqual(failed, []);
  assert.ok(count > 0);
});

test('fault 21: a vassal that leaks is replaced between its requests, within its limit; nobody notices', { timeout: 4 * 60_000 }, async () => {
  const traffic = visitors(platform, HOSTNAMES);
  const limit = 1_024;
  const requests = 24;
  const members = await membersOf(platform);
  const workers = async () => {
    const masters = await Promise.all(members.map(async ({ id }) => (await vassalsOf(platform, id)).get(idOf('one'))!));
    return masters.flatMap(workersOf);
  };
  const first = await workers();
  let most = 0;
  for (let i = 0; i < requests; i++) {
    assert.equal((await visit(platform, 'one.localhost', '/leak/')).status, 200, `request ${i}`);
    for (const pid of await workers()) if (identify(pid)) most = Math.max(most, rssMb(pid));
    // A worker is not replaced in its first five seconds, in which it may get every request.
    await delay(600);
  }
  const { failed } = await traffic.stop();
  assert.deepEqual(failed, []);
  assert.ok(requests * LEAK_MB > limit);
  assert.ok(first.some((pid) => identify(pid) === null), 'a worker was replaced');
  assert.ok(most < limit - LEAK_MB, `${Math.round(most)} MB`);
});

test('fault 21: a vassal that dies in a loop everywhere is its site’s incident; no container is touched, no neighbour notices', { timeout: 6 * 60_000 }, async () => {
  const before = await situationOf(platform);
  const members = await membersOf(platform);
  const traffic = visitors(platform, HOSTNAMES.slice(1));
  for (const { id } of members) {
    sicken(platform, id, idOf('one'), 'dies');
    process.kill((await vassalsOf(platform, id)).get(idOf('one'))!, 'SIGKILL');
  }
  const found = await until('an incident on the site', async () => (await incidents('down-everywhere'))[0], WITHIN);
  assert.equal(found.subject, `site:${idOf('one')}`);
  for (const { id } of members) cure(platform, id, idOf('one'), 'dies');
  assert.equal((await closed('down-everywhere')).closedWhy, 'well again');
  assert.deepEqual((await ledger(found)).map(({ action, decision }) => [action, decision]), [['none', 'observed']]);
  const { failed } = await traffic.stop();
  assert.deepEqual(failed, []);
  // Where one container saw it before the other, the other one was asked first; and the last one to be well again may be seen to.
  await untilQuiet();
  const all = (await list<Remediation>(platform, '/remediations')).filter(({ id }) => before.remediations.every((each) => each.id !== id));
  assert.ok(all.every(({ action, result }) => action !== 'replace' && (action !== 'regenerate' || result === 'elsewhere-too' || result === 'recovered')), JSON.stringify(all));
  assert.deepEqual((await situationOf(platform)).containers, before.containers);
});

test('the last traceback of a site that fails is in its incident and on `reeve why`, without its secrets', { timeout: 5 * 60_000 }, async () => {
  const members = await membersOf(platform);
  const known = await incidents('down-everywhere');
  for (const { id } of members) sicken(platform, id, idOf('three'), 'raises');
  const found = await until('an incident with its evidence', async () => {
    const one = (await incidents('down-everywhere')).find(({ id }) => known.every((each) => each.id !== id));
    return one?.evidence.traceback ? one : null;
  }, WITHIN);
  assert.match((found.evidence.traceback as { text: string }).text, /^Traceback[\s\S]*\nRuntimeError: ill on purpose, with \*\*\*$/);
  const cli = (...args: string[]) => promisify(execFile)(process.execPath, [REEVE, ...args], { env: { ...process.env, REEVE_HOME: platform.home } })
    .catch((error: { stdout: string }) => error);
  for (const { stdout } of [await cli('why', 'three.localhost'), await cli('incident', 'show', `${found.id}`)]) {
    assert.match(stdout, /the last traceback, in c\w+:\nTraceback[\s\S]*RuntimeError: ill on purpose, with \*\*\*/);
  }
  for (const { id } of members) cure(platform, id, idOf('three'), 'raises');
  await closed('down-everywhere', known);
});

test('fault 23: with the sites’ database server full, it is the one incident; no container is touched, and the platform still works there', { timeout: 6 * 60_000 }, async (t) => {
  const spare = await createSite(platform, 'spare');
  await until('every site to be up everywhere', () => untilUp(NAMES.length + 1), WITHIN);
  await untilQuiet();
  const before = await situationOf(platform);
  // Without its database no container could answer better: visitors hear the site's own word, of any that serves it.
  const traffic = visitors(platform, HOSTNAMES, ({ status }) => (status === 200 || status === 500 ? null : String(status)));
  const taking = takeConnections(server.url, 'outsider');
  try {
    const found = await until('an incident on the database server', async () => (await incidents('connections-used-up'))[0], WITHIN);
    assert.equal(found.subject, 'database:local');
    assert.match(found.title, new RegExp(`has no connection left for a site: \\d+ are in use, ${ORDINARY} is what sites may have`));
    assert.match((found.evidence.seen as string[]).join(), /outsider: \d+ connections/);
    await until('it to hit all sites', async () => (await list<{ verdict: string }>(platform, '/health?verdict=down')).length >= 2 * NAMES.length, WITHIN);
    const deleted = await platform.api.request('DELETE', `/sites/${spare}`, { ifMatch: '*' });
    await runOver(platform, deleted.run.id);
  } finally {
    await taking.leave();
  }
  const found = await closed('connections-used-up');
  assert.equal(found.closedWhy, 'well again');
  assert.deepEqual((await ledger(found)).map(({ action, decision }) => [action, decision]), [['none', 'observed']]);
  const after = await situationOf(platform);
  const isNew = <Item extends { readonly id: number }>({ id }: Item, known: readonly Item[]) => known.every((each) => each.id !== id);
  assert.deepEqual([after.containers, after.ofContainers], [before.containers, before.ofContainers]);
  // A site that fails before its server was asked is taken for ill itself, until the server has spoken.
  const others = after.incidents.filter((each) => each.id !== found.id && isNew(each, before.incidents));
  assert.ok(others.every(({ cause, why }) => cause === 'down-everywhere' && why === 'its database server local is what is at fault'), JSON.stringify(others));
  assert.ok(after.remediations.filter((each) => isNew(each, before.remediations)).every(({ action, decision }) => `${action} ${decision}` === 'none observed'));
  const { count, failed } = await traffic.stop();
  t.diagnostic(`${count} requests, ${failed.length} without the site's own answer`);
  assert.deepEqual(failed, []);
});

test('a container that answers, but wrongly, and that regenerating does not help, is replaced: the new one first, and no request is lost', { timeout: 7 * 60_000 }, async (t) => {
  const [here, second] = await membersOf(platform);
  const traffic = visitors(platform, HOSTNAMES);
  // Its nginx may no longer go where the sockets are: no file of Reeve's differs, and its own check is well.
  const directory = join(platform.local.runDir, here!.id, 'v');
  assert.equal(statSync(directory).mode & 0o777, 0o711);
  chmodSync(directory, 0o700);
  const brokeAt = Date.now();
  const found = await closed('sites-down');
  t.diagnostic(`replaced after ${Math.round((Date.now() - brokeAt) / 1_000)} s`);
  const { count, failed } = await traffic.stop();
  t.diagnostic(`${count} requests, ${failed.length} failed`);
  assert.deepEqual([found.subject, found.closedWhy], [`container:${here!.id}`, 'container is gone']);
  assert.deepEqual(storyOf(found),
    ['opened', 'acted: regenerate', 'probed again', 'regenerated: persists', 'acted: replace', 'replacing', 'replaced', 'closed']);
  const probed = found.timeline.find((each) => each.what === 'probed again') as unknown as { elsewhere: { container: string; bad: string[] } };
  assert.deepEqual([probed.elsewhere.container, probed.elsewhere.bad], [second!.id, []]);
  assert.deepEqual(await acted(found), [['regenerate', 'persists'], ['replace', 'completed']]);
  assert.deepEqual(failed, []);
  for (const hostname of HOSTNAMES) {
    assert.deepEqual([...(await inEachContainer(platform, hostname)).values()].map(({ status }) => status), [200, 200]);
  }
});

test('one site in one container, mode approve: a person is asked; when they approve, the container is replaced', { timeout: 7 * 60_000 }, async () => {
  await platform.api.request('PATCH', '/settings', { body: { remediation: { mode: 'approve' } }, ifMatch: '*' });
  await until('every site to be up everywhere', () => untilUp(), WITHIN);
  const [here] = await membersOf(platform);
  const cause = `site-down:${idOf('two')}`;
  const traffic = visitors(platform, HOSTNAMES);
  sicken(platform, here!.id, idOf('two'), 'dies');
  process.kill((await vassalsOf(platform, here!.id)).get(idOf('two'))!, 'SIGKILL');
  const approval = await until('somebody to be asked', async () =>
    (await list<Approval>(platform, '/approvals')).find(({ kind, state }) => kind === 'replacement' && state === 'pending'), WITHIN);
  assert.equal(approval.subject, `container:${here!.id}`);
  assert.ok((await membersOf(platform)).some(({ id }) => id === here!.id), 'nothing is replaced before');
  const approved = await platform.api.request('POST', `/approvals/${approval.id}/approve`);
  await runOver(platform, approved.run.id);
  const found = await closed(cause);
  const { failed } = await traffic.stop();
  assert.deepEqual(failed, []);
  assert.deepEqual((await ledger(found)).filter(({ decision }) => decision !== 'refused').map(({ action, decision, result }) => [action, decision, result]),
    [['regenerate', 'acted', 'persists'], ['replace', 'awaiting-approval', null], ['replace', 'acted', 'completed']]);
  assert.ok((await membersOf(platform)).every(({ id }) => id !== here!.id));
});
