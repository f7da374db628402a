/**
 * How long faults last, on a whole platform with its settings at their defaults (but for the budget of replacements,
 * which would end the benchmark after four): from the fault to when it is found, where that is a moment of its own, and
 * to when it is over. Visitors are at the edge all the time; which of their requests failed is counted.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPids } from '../src/agent/supervise/pids.ts';
import { identify } from '../src/process/identity.ts';
import type { Incident } from '../src/domain/resources/remediation.ts';
import { inEachContainer, type Platform, runOver, startPlatform, until } from '../test/system/platform.ts';
import { list, membersOf } from '../test/system/situation.ts';
import { processesOf } from '../test/system/processes.ts';
import { vassalsOf, workersOf } from '../test/system/processes.ts';
import { visitors } from '../test/system/visitors.ts';
import { type Measured, measured, print } from './table.ts';

const FIXTURE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test/fixtures/twelvefactor');
const NAMES = ['one', 'two', 'three'];
/** Far beyond any goal: a fault that lasts so long ends the benchmark. */
const LONGEST_MS = 5 * 60_000;

type Times = Map<string, number[]>;

/** @param rounds of each fault */
export async function run(rounds = 5): Promise<{ name: string; measured: Measured[]; requests: number; failed: readonly string[] }> {
  const platform = await startPlatform(['--codebase', FIXTURE, '--no-samples']);
  const times: Times = new Map();
  try {
    await platform.api.request('PATCH', '/settings', { body: { remediation: { perHour: 60, cooldownMinutes: 0 } }, ifMatch: '*' });
    const sites = [];
    for (const name of NAMES) {
      const site = await platform.api.request('POST', '/sites', { body: { name } });
      await runOver(platform, site.run.id);
      sites.push(site.id as string);
    }
    const traffic = visitors(platform, NAMES.map((name) => `${name}.localhost`));
    for (let i = 0; i < rounds; i += 1) {
      // These disturb each other not: a file in each container, and what probes find.
      const [a, b] = await readyMembers(platform);
      await Promise.all([fileDeleted(platform, a!, sites[0]!, times), fileEdited(platform, b!, times), siteFails(platform, sites[2]!, times)]);
      await vassalStopped(platform, a!, sites[1]!, times);
      await agentFrozen(platform, b!, times);
      await vassalHangs(platform, b!, sites[0]!, times);
      await containerKilled(platform, a!, times);
    }
    const { count, failed } = await traffic.stop();
    const rows = [...times].map(([what, all]) => measured(what, all));
    print('faults on a whole platform', rows);
    console.log(`  ${count} requests at the edge meanwhile, ${failed.length} of them failed`);
    for (const each of failed.slice(0, 10)) console.log(`    ${each}`);
    return { name: 'mending', measured: rows, requests: count, failed };
  } finally {
    await platform.remove();
  }
}

async function readyMembers(platform: Platform): Promise<string[]> {
  return await until('two containers that serve', async () => {
    const ready = (await membersOf(platform)).filter(({ state, alive, waitingOn }) => state === 'ready' && alive && waitingOn.length === 0);
    return ready.length === 2 ? ready.map(({ id }) => id) : null;
  }, LONGEST_MS);
}

const rootOf = (platform: Platform, container: string) => join(platform.home, 'containers', container);

function note(times: Times, what: string, since: number): void {
  times.set(what, [...(times.get(what) ?? []), Date.now() - since]);
}

async function fileDeleted(platform: Platform, container: string, site: string, times: Times): Promise<void> {
  const file = join(rootOf(platform, container), 'sites', `${site}.json`);
  const was = readFileSync(file, 'utf8');
  const at = Date.now();
  rmSync(file);
  await until('the file to be back', () => existsSync(file) && readFileSync(file, 'utf8') === was, LONGEST_MS);
  note(times, 'deleted file: back', at);
}

async function fileEdited(platform: Platform, container: string, times: Times): Promise<void> {
  const file = join(rootOf(platform, container), 'nginx/current/hostnames.conf');
  const was = readFileSync(file, 'utf8');
  const at = Date.now();
  appendFileSync(file, 'by.hand.test "nobody primary allow -";\n');
  await until('the file to be as it was', () => readFileSync(file, 'utf8') === was, LONGEST_MS);
  note(times, 'tampered file: as it was', at);
}

/** By its health path, which is at once every container's: nothing of a container is at fault. */
async function siteFails(platform: Platform, site: string, times: Times): Promise<void> {
  const set = (healthPath: string | null) => platform.api.request('PATCH', `/sites/${site}`, { body: { settings: { healthPath } }, ifMatch: '*' });
  const ofSite = async () => (await list<Incident>(platform, '/incidents')).filter(({ subject, state }) => subject === `site:${site}` && state !== 'closed');
  const at = Date.now();
  await set('/nowhere/');
  await until('an incident on the site', async () => (await ofSite()).length > 0, LONGEST_MS);
  note(times, 'failing site: incident', at);
  await set(null);
  await until('the incident to be over', async () => (await ofSite()).length === 0, LONGEST_MS);
}

async function vassalStopped(platform: Platform, container: string, site: string, times: Times): Promise<void> {
  const answers = async () => (await inEachContainer(platform, 'two.localhost')).get(container)?.status === 200;
  await until('the site to answer there', answers);
  const master = (await vassalsOf(platform, container)).get(site)!;
  const at = Date.now();
  process.kill(master, 'SIGTERM');
  await until('the vassal to have stopped', async () => identify(master) === null || !(await answers()), LONGEST_MS);
  await until('the site to answer there again', answers, LONGEST_MS);
  note(times, 'dead vassal: answers again', at);
}

/** It takes requests and answers none, in one container: a person would see it hang by every other one of its visitors. */
async function vassalHangs(platform: Platform, container: string, site: string, times: Times): Promise<void> {
  const answers = async () => (await inEachContainer(platform, 'one.localhost')).get(container)?.status === 200;
  await until('the site to answer there', answers, LONGEST_MS);
  const master = (await vassalsOf(platform, container)).get(site)!;
  const ofSite = async () => (await list<Incident>(platform, '/incidents')).filter(({ cause, state }) => cause === `site-down:${site}` && state !== 'closed');
  const at = Date.now();
  for (const pid of [master, ...workersOf(master)]) process.kill(pid, 'SIGSTOP');
  await until('an incident', async () => (await ofSite()).length > 0, LONGEST_MS);
  note(times, 'hung vassal: incident', at);
  await until('the hung one to be gone, and the site to answer there again', async () => identify(master) === null && await answers(), LONGEST_MS);
  note(times, 'hung vassal: answers again', at);
  await until('the incident to be over', async () => (await ofSite()).length === 0, LONGEST_MS);
}

async function agentFrozen(platform: Platform, container: string, times: Times): Promise<void> {
  const agent = readPids(rootOf(platform, container)).siblings.agent!.pid;
  const at = Date.now();
  process.kill(agent, 'SIGSTOP');
  await until('its supervisor to end it', () => readPids(rootOf(platform, container)).siblings.agent?.pid !== agent, LONGEST_MS);
  note(times, 'frozen agent: ended by its supervisor', at);
  await until('the new one to be heard of', async () => {
    const one = (await membersOf(platform)).find(({ id }) => id === container);
    return one?.alive === true && one.state === 'ready' && Date.parse(one.seenAt!) > at && readPids(rootOf(platform, container)).siblings.agent?.pid !== agent;
  }, LONGEST_MS);
  note(times, 'frozen agent: another one speaks', at);
}

async function containerKilled(platform: Platform, container: string, times: Times): Promise<void> {
  const address = (await membersOf(platform)).find(({ id }) => id === container)!.address!;
  const edge = (await list<{ id: string; role: string }>(platform, '/containers')).find(({ role }) => role === 'edge')!.id;
  const takes = () => readFileSync(join(rootOf(platform, edge), 'nginx/current/members.conf'), 'utf8').includes(`server ${address} `);
  if (!takes()) throw new Error(`the edge does not send anyone to ${address}`);
  const at = Date.now();
  for (const pid of processesOf(platform, container)) process.kill(pid, 'SIGKILL');
  await until('the edge to leave it', () => !takes(), LONGEST_MS);
  note(times, 'dead container: out of the edge', at);
  await until('another one in its place', async () => !(await readyMembers(platform)).includes(container), LONGEST_MS);
  note(times, 'dead container: replaced', at);
  await until('its incident to be over', async () => (await list<Incident>(platform, '/incidents')).every(({ state }) => state === 'closed'), LONGEST_MS);
}

if (import.meta.main) await run();
