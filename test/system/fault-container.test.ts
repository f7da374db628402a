/** One container is tampered with, reloaded, flaps, fills its disk or cannot be replaced: the milder means holds, and no visitor notices. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readlinkSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { containerIds } from '../../src/cluster/process-files.ts';
import type { ContainerDrift } from '../../src/domain/resources/drift.ts';
import type { Health, HealthHistory } from '../../src/domain/resources/health.ts';
import type { Incident } from '../../src/domain/resources/remediation.ts';
import { identify, isRunning } from '../../src/process/identity.ts';
import { fillDisk, mountSmallDisk, NO_MOUNT } from '../small-disk.ts';
import { createSite, inEachContainer, type Platform, runOver, startPlatform, until } from './platform.ts';
import { partOf, vassalsOf } from './processes.ts';
import { cure, sicken, sickCodebase } from './sick-codebase.ts';
import { actedOn, chosenAtEdge, configurationOf, incidentsOf, ledgerOf, list, membersOf, situationOf, storyOf } from './situation.ts';
import { visitors } from './visitors.ts';

const NAMES = ['one', 'two', 'three'];
const HOSTNAMES = NAMES.map((name) => `${name}.localhost`);
/** The quickest that settings allow; what is slow here says nothing. Remediation is at its defaults. */
const SETTINGS = {
  health: { intervalSeconds: 5, suspectSeconds: 1, slowMs: 3_900, timeoutMs: 4_000, downAfterSeconds: 2 },
  integrity: { intervalSeconds: 10 },
};
/** Of a machine that has much else to do. */
const WITHIN = 180_000;
const code = sickCodebase();
let platform: Platform;
const sites = new Map<string, string>();
/** A third container, whose files are on a disk of its own. */
let small: { readonly id: string; readonly root: string; unmount(): void } | null = null;

before(async () => {
  platform = await startPlatform(['--codebase', code.path, '--no-samples']);
  // What starts beside so much else is not to be taken for a fault, which would be remembered.
  await set({ ...SETTINGS, health: { ...SETTINGS.health, downAfterSeconds: 120 } });
  const launch = NO_MOUNT ? null : await launchOnSmallDisk();
  await Promise.all([launch && runOver(platform, launch), ...NAMES.map(async (name) => void sites.set(name, await createSite(platform, name)))]);
  await untilUp();
  await set(SETTINGS);
}, { timeout: 10 * 60_000 });
after(async () => {
  await platform?.stop();
  small?.unmount();
  await platform?.remove();
  code.remove();
});

const set = (body: object) => platform.api.request('PATCH', '/settings', { body, ifMatch: '*' });

/** Its disk is there before its first file: nobody launches it before. @returns the run */
async function launchOnSmallDisk(): Promise<string> {
  const { pid } = partOf(platform, 'control');
  process.kill(pid, 'SIGSTOP');
  try {
    const { id, run } = await platform.api.request('POST', '/containers', { body: {} });
    const root = join(platform.home, 'containers', id);
    mkdirSync(root);
    small = { id, root, unmount: mountSmallDisk(root) };
    return run.id;
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

const idOf = (name: string) => sites.get(name)!;
/** A redirect: nginx's alone, no vassal hears of it. */
const bind = (name: string, hostname: string) =>
  platform.api.request('POST', `/sites/${idOf(name)}/hostnames`, { body: { hostname, role: 'redirect' } });
const unbind = (hostname: string) => platform.api.request('DELETE', `/hostnames/${hostname}`, { ifMatch: '*' });
const rootOf = (container: string) => join(platform.home, 'containers', container);
const verdicts = () => list<Health>(platform, '/health');
/** What is still open of before would change while something else is looked at. */
const untilUp = () => until('every hostname to be up everywhere, and no incident to be open', async () => {
  const [cells, bound, members, open] = await Promise.all([
    verdicts(), list(platform, '/hostnames'), membersOf(platform), list<Incident>(platform, '/incidents?state=open'),
  ]);
  return cells.length === bound.length * members.length && cells.every(({ verdict }) => verdict === 'up') && open.length === 0;
}, WITHIN);
const incidents = (cause: string) => incidentsOf(platform, cause);
const ledger = (incident: Incident) => ledgerOf(platform, incident);
const acted = (incident: Incident) => actedOn(platform, incident);
const closed = (incident: Incident) => until(`the incident ${incident.cause} to be over`, async () => {
  const now: Incident = await platform.api.request('GET', `/incidents/${incident.id}`);
  return now.state === 'closed' ? now : null;
}, WITHIN);
/** What a container's own sweeps found of a hostname since then. */
const sweptSince = async (container: string, hostname: string, from: Date) =>
  (await platform.api.request<HealthHistory>('GET', '/health/history', { query: { container, hostname, from: from.toISOString() } })).points;

/** While it happens every site is visited all the time, and every visitor gets their page. */
async function unnoticed(t: TestContext, happens: () => Promise<void>): Promise<void> {
  await untilUp();
  const traffic = visitors(platform, HOSTNAMES);
  const begun = Date.now();
  await happens();
  const { count, failed } = await traffic.stop();
  t.diagnostic(`${count} requests in ${Math.round((Date.now() - begun) / 1_000)} s, ${failed.length} failed`);
  assert.deepEqual(failed, []);
  assert.ok(count > 0);
}

test('fault 8: a file that is edited, one that is deleted and one that is added by hand are found, mended and recorded', { timeout: 4 * 60_000 }, (t) => unnoticed(t, async () => {
  const [here] = await membersOf(platform);
  const drift = () => platform.api.request<ContainerDrift>('GET', `/containers/${here!.id}/drift`);
  // Of a busy machine something may have been found before.
  const earlier = await until('all to be as it should be', async () => {
    const { now, items } = await drift();
    return now.verdict === 'same' ? new Set(items.map(({ id }) => id)) : null;
  }, WITHIN);
  const before = { situation: await situationOf(platform), configuration: configurationOf(platform) };
  const root = rootOf(here!.id);
  const serving = readlinkSync(join(root, 'nginx/current'));
  appendFileSync(join(root, 'nginx/current/hostnames.conf'), 'evil.example.test "nobody primary allow -";\n');
  rmSync(join(root, `sites/${idOf('two')}.json`));
  writeFileSync(join(root, 'vassals/stray.ini'), '[uwsgi]\n');

  const found = await until('all three to be mended', async () => {
    // Files alone: that a process did not answer a check in time is a finding too, and the machine's.
    const files = (await drift()).items.filter(({ id, path }) => !earlier.has(id) && !path.startsWith('process:'));
    return files.length >= 3 && files.every(({ mendedAt }) => mendedAt !== null) ? files : null;
  }, WITHIN);
  assert.deepEqual(found.map(({ path, kind }) => `${kind} ${relative(root, path)}`).sort(),
    [`changed nginx/${serving}/hostnames.conf`, 'extra vassals/stray.ini', `missing sites/${idOf('two')}.json`]);
  assert.deepEqual(configurationOf(platform), before.configuration);
  // What is mended at once is history, and nobody's to look after.
  assert.deepEqual(await situationOf(platform), before.situation);
}));

test('fault 13: nginx is reloaded again and again while it is probed: no verdict changes, nothing is done', { timeout: 4 * 60_000 }, (t) => unnoticed(t, async () => {
  const [here] = await membersOf(platform);
  const before = { situation: await situationOf(platform), verdicts: await verdicts() };
  const from = new Date();
  const served = new Set<string>();
  const isOver = async () => served.size >= 10 && (await sweptSince(here!.id, HOSTNAMES[0]!, from)).length >= 3;
  const watching = setInterval(() => served.add(readlinkSync(join(rootOf(here!.id), 'nginx/current'))), 20);
  t.after(() => clearInterval(watching));
  await Promise.all(NAMES.map(async (name) => {
    const deadline = Date.now() + WITHIN;
    while (!(await isOver())) {
      assert.ok(Date.now() < deadline, `${served.size} configurations`);
      await runOver(platform, (await bind(name, `old-${name}.localhost`)).run.id);
      await runOver(platform, (await unbind(`old-${name}.localhost`)).run.id);
    }
  }));
  t.diagnostic(`${served.size} configurations`);
  for (const hostname of HOSTNAMES) {
    assert.ok((await sweptSince(here!.id, hostname, from)).every(({ verdict, failures }) => verdict === 'up' && failures === 0), hostname);
  }
  // None was otherwise for a moment, either.
  const standing = (cells: readonly Health[]) => cells.filter(({ hostname }) => HOSTNAMES.includes(hostname)).map(({ hostname, container, verdict, since }) => [hostname, container, verdict, since]);
  assert.deepEqual(standing(await verdicts()), standing(before.verdicts));
  assert.deepEqual(await situationOf(platform), before.situation);
}));

test('fault 14: a vassal that fails, is mended and fails again cools down: nothing is done to it the second time', { timeout: 6 * 60_000 }, (t) => unnoticed(t, async () => {
  const before = await situationOf(platform);
  const here = await chosenAtEdge(platform, HOSTNAMES[0]!);
  const cause = `site-down:${idOf('one')}`;
  // Its process runs, and nobody reaches it: as if it hung, and seen at once.
  const socket = join(platform.local.runDir, here.id, `${idOf('one')}.sock`);
  const cut = () => {
    const own = realpathSync(socket);
    renameSync(own, `${own}.away`);
    return () => renameSync(`${own}.away`, own);
  };
  const master = async () => (await vassalsOf(platform, here.id)).get(idOf('one'))!;

  const first = identify(await master())!;
  cut();
  const once = await closed(await until('an incident', async () => (await incidents(cause))[0], WITHIN));
  await until('the run to say so', async () => (await acted(once))[0]?.[1] === 'recovered', WITHIN);
  assert.ok(!isRunning(first), 'it was started anew');

  const second = identify(await master())!;
  const mend = cut();
  const twice = await until('another incident, and what is decided about it', async () => {
    const found = (await incidents(cause)).find(({ id }) => id !== once.id);
    return found && (await ledger(found)).length > 0 ? found : null;
  }, WITHIN);
  assert.deepEqual([twice.subject, twice.state], [`container:${here.id}`, 'open']);
  assert.deepEqual((await ledger(twice)).map(({ action, decision, reason }) => [action, decision, reason]),
    [['none', 'refused', 'it recovered just now: cooling down before the next try']]);
  assert.ok(isRunning(second), 'nobody has touched it');
  mend();
  assert.equal((await closed(twice)).closedWhy, 'well again');
  assert.deepEqual(await acted(twice), []);
  assert.deepEqual((await situationOf(platform)).containers, before.containers);
}));

test('fault 19: with its disk full a container serves one whole generation, probes on and says why it does not follow', { skip: NO_MOUNT, timeout: 5 * 60_000 }, (t) => unnoticed(t, async () => {
  const { id, root } = small!;
  const own = () => Object.fromEntries(Object.entries(configurationOf(platform)).filter(([path]) => path.startsWith(`${id}/`)));
  const member = async () => (await membersOf(platform)).find((each) => each.id === id)!;
  const before = { situation: await situationOf(platform), configuration: own() };
  const makeRoom = fillDisk(root);
  const from = new Date();
  const { result } = await runOver(platform, (await bind('one', 'late.localhost')).run.id);
  assert.deepEqual(result.notConverged, [id], 'the run says who has not followed');
  const { generation } = await platform.api.request('GET', '/platform');
  const found = await until('an incident', async () => (await incidents('waits:disk'))[0], WITHIN);
  assert.deepEqual([found.subject, found.severity, found.state], [`container:${id}`, 'critical', 'open']);
  assert.match(found.title, /does not follow, it waits for disk: .*ENOSPC/);
  assert.ok((await member()).observedGeneration < generation);
  assert.ok((await membersOf(platform)).every((each) => each.id === id || each.observedGeneration >= generation), 'the others follow');
  assert.deepEqual(own(), before.configuration, 'what it serves is whole, and as it was');
  const swept = await until('it to probe all the same', async () => {
    const points = await sweptSince(id, HOSTNAMES[0]!, from);
    return points.length > 0 ? points : null;
  }, WITHIN);
  assert.ok(swept.every(({ verdict }) => verdict === 'up'));

  makeRoom();
  assert.equal((await closed(found)).closedWhy, 'it follows again');
  assert.ok((await member()).observedGeneration >= generation);
  await until('all to be as it should be', async () => (await platform.api.request<ContainerDrift>('GET', `/containers/${id}/drift`)).now.verdict === 'same', WITHIN);
  assert.notDeepEqual(own(), before.configuration);
  assert.deepEqual((await ledger(found)).map(({ action, decision }) => [action, decision]), [['none', 'observed']]);
  const after = await situationOf(platform);
  assert.deepEqual([after.containers, after.ofContainers], [before.situation.containers, before.situation.ofContainers]);
}));

test('fault 15: a replacement that cannot come up is the only one: the old container stays and serves, and a person is told', { timeout: 6 * 60_000 }, (t) => unnoticed(t, async () => {
  const here = await chosenAtEdge(platform, HOSTNAMES[1]!);
  const before = { containers: (await situationOf(platform)).containers, ids: containerIds(platform.local) };
  const givePortsBack = takePorts();
  t.after(givePortsBack);
  sicken(platform, here.id, idOf('two'), 'dies');
  process.kill((await vassalsOf(platform, here.id)).get(idOf('two'))!, 'SIGKILL');
  const found = await until('an incident', async () => (await incidents(`site-down:${idOf('two')}`))[0], WITHIN);
  await until('the ladder to have ended', async () => {
    const all = await ledger(found);
    assert.ok(all.some(({ decision, reason }) => decision === 'refused' && /the ladder has ended/.test(reason)), JSON.stringify(all));
    return true;
  }, WITHIN);
  assert.deepEqual(await acted(found), [['regenerate', 'persists'], ['replace', 'failed']]);
  const runs = (await list<{ id: string; type: string; state: string; subject: string; error: { message: string } }>(platform, '/runs')).filter(({ type }) => type === 'replaceContainer');
  assert.deepEqual(runs.map(({ subject, state }) => [subject, state]), [[`container:${here.id}`, 'compensated']]);
  assert.match((await platform.api.request('GET', `/runs/${runs[0]!.id}`)).error.message, /^no port from \d+ to \d+ is free for container c/);
  assert.deepEqual((await situationOf(platform)).containers, before.containers);
  assert.deepEqual(containerIds(platform.local), before.ids, 'nothing is left of the new one');
  for (const hostname of ['one.localhost', 'three.localhost']) assert.equal((await inEachContainer(platform, hostname)).get(here.id)?.status, 200);

  cure(platform, here.id, idOf('two'), 'dies');
  const over = await closed(found);
  assert.equal(over.closedWhy, 'well again');
  assert.deepEqual(storyOf(over), ['opened', 'acted: regenerate', 'probed again', 'regenerated: persists', 'acted: replace', 'replacing', 'not replaced', 'closed']);
  assert.deepEqual((await situationOf(platform)).containers, before.containers);
}));

/** Every port that a container may listen on is another's. @returns what frees them */
function takePorts(): () => void {
  const { home, containerPorts: { from, to } } = platform.local;
  const [other] = containerIds(platform.local);
  const taken = Array.from({ length: to - from + 1 }, (_, n) => join(home, 'containers/ports', `${from + n}`)).filter((claim) => !existsSync(claim));
  for (const claim of taken) writeFileSync(claim, other!);
  return () => { for (const claim of taken) rmSync(claim, { force: true }); };
}
