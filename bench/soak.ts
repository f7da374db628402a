/**
 * A whole platform under traffic, with reloads of nginx and small faults at random, for an hour unless
 * said otherwise (`npm run bench -- soak 10`): how many requests at the edge failed, and how many verdicts were wrong. A verdict is wrong when it
 * became `down` where nothing was done that could have made it so. Nothing here is a fault that a visitor may notice:
 * each is one of one container, which the other can make up for.
 *
 * REEVE_BENCH_SEED repeats the faults of another run.
 */
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { readPids } from '../src/agent/supervise/pids.ts';
import type { Incident, Remediation } from '../src/domain/resources/remediation.ts';
import { type Platform, runOver, startPlatform, until } from '../test/system/platform.ts';
import { list, membersOf } from '../test/system/situation.ts';
import { vassalsOf } from '../test/system/processes.ts';
import { visitors } from '../test/system/visitors.ts';

const FIXTURE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test/fixtures/twelvefactor');
const SEED = Number(process.env.REEVE_BENCH_SEED ?? Date.now() % 1_000_000);
const NAMES = ['one', 'two', 'three', 'four'];
const FAULT_EVERY_MS = 20_000;
const RELOAD_EVERY_MS = 1_000;
/** What a fault does to verdicts shows within this, by the settings' defaults. */
const SHOWS_WITHIN_MS = 120_000;

interface Done {
  readonly at: number;
  readonly fault: string;
  readonly container: string;
  /** Verdicts of that site in that container may become `down`; null: of none. */
  readonly site: string | null;
}

interface Transition { at: Date; container: string; hostname: string; site: string; now: string; reason: string | null }

export async function run(minutes = 60): Promise<Record<string, unknown> & { name: string }> {
  const platform = await startPlatform(['--codebase', FIXTURE, '--no-samples']);
  const database = new pg.Client(platformDatabase(platform));
  const random = seeded(SEED);
  const done: Done[] = [];
  try {
    await database.connect();
    const sites: string[] = [];
    for (const name of NAMES) {
      const site = await platform.api.request('POST', '/sites', { body: { name } });
      await runOver(platform, site.run.id);
      sites.push(site.id);
    }
    await until('every hostname to be up', async () => {
      const { health } = await platform.api.request('GET', '/platform');
      return health.up === 2 * NAMES.length;
    }, 180_000);
    const startedAt = new Date();
    const traffic = visitors(platform, NAMES.map((name) => `${name}.localhost`));
    const reloads = reloading(platform);
    const until_ = Date.now() + minutes * 60_000;
    while (Date.now() < until_) {
      await delay(FAULT_EVERY_MS * (0.5 + random()));
      done.push(await fault(platform, sites, random));
    }
    const reloaded = await reloads.stop();
    const { count, failed } = await traffic.stop();
    const { rows } = await database.query<Transition>('select at, container, hostname, site, now, reason from transition where at >= $1 order by id', [startedAt]);
    const wrong = rows.filter((each) => each.now === 'down' && !isExplained(each, done));
    const incidents = await list<Incident>(platform, '/incidents');
    const acted = (await list<Remediation>(platform, '/remediations')).filter(({ decision }) => decision === 'acted');
    const table = {
      minutes, seed: SEED, reloads: reloaded, faults: done.length, requests: count, 'requests that failed': failed.length,
      transitions: rows.length, 'wrong verdicts': wrong.length, incidents: incidents.length, acted: acted.length,
    };
    console.log('\na soak of a whole platform');
    for (const [what, value] of Object.entries(table)) console.log(`  ${what.padEnd(22)} ${value}`);
    for (const [kind, some] of Map.groupBy(done, (each) => each.fault)) console.log(`  ${some.length} × ${kind}`);
    for (const each of failed.slice(0, 20)) console.log(`  failed: ${each}`);
    for (const each of wrong) console.log(`  wrong: ${JSON.stringify(each)}`);
    for (const { subject, cause, title } of incidents) console.log(`  incident: ${subject} ${cause}: ${title}`);
    for (const { action, container, reason } of acted) console.log(`  acted: ${action} ${container}: ${reason}`);
    return { name: 'soak', ...table, failed, wrong, faultsByKind: Object.fromEntries([...Map.groupBy(done, (each) => each.fault)].map(([kind, some]) => [kind, some.length])) };
  } finally {
    await database.end().catch(() => {});
    await platform.remove();
  }
}

function isExplained({ at, container, site }: Transition, done: readonly Done[]): boolean {
  return done.some((each) => each.container === container && (each.site === site || each.site === '*')
    && at.getTime() >= each.at && at.getTime() <= each.at + SHOWS_WITHIN_MS);
}

/** One small fault in one container, chosen at random. */
async function fault(platform: Platform, sites: readonly string[], random: () => number): Promise<Done> {
  const pick = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)]!;
  const container = pick((await membersOf(platform)).filter(({ state, alive }) => state === 'ready' && alive)).id;
  const root = join(platform.home, 'containers', container);
  const site = pick(sites);
  const vassal = (await vassalsOf(platform, container).catch(() => new Map<string, number>())).get(site);
  const kinds: Record<string, () => string | null> = {
    'a site’s file deleted': () => { rmSync(join(root, 'sites', `${site}.env`), { force: true }); return null; },
    'nginx’s file edited': () => { appendFileSync(join(root, 'nginx/current/hostnames.conf'), '# by hand\n'); return null; },
    'a vassal killed': () => { if (vassal) process.kill(vassal, 'SIGTERM'); return site; },
    'agent killed': () => { process.kill(readPids(root).siblings.agent!.pid, 'SIGKILL'); return null; },
    'a worker of nginx killed': () => { killWorker(readPids(root).siblings.nginx!.pid); return null; },
  };
  const fault = pick(Object.keys(kinds));
  const at = Date.now();
  return { at, fault, container, site: kinds[fault]!() };
}

/** Its master starts another one. */
function killWorker(master: number): void {
  const [first] = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ').filter(Boolean);
  if (first) process.kill(Number(first), 'SIGQUIT');
}

/** nginx of every container, each second, all at once. */
function reloading(platform: Platform): { stop(): Promise<number> } {
  let going = true;
  let count = 0;
  const done = (async () => {
    while (going) {
      for (const { id } of await membersOf(platform).catch(() => [])) {
        try {
          process.kill(readPids(join(platform.home, 'containers', id)).siblings.nginx!.pid, 'SIGHUP');
          count += 1;
        } catch { /* it is just being started again */ }
      }
      await delay(RELOAD_EVERY_MS);
    }
  })();
  return { async stop() { going = false; await done; return count; } };
}

function platformDatabase(platform: Platform): pg.ClientConfig {
  const ports = JSON.parse(readFileSync(join(platform.home, 'ports.json'), 'utf8'));
  const password = readFileSync(join(platform.home, 'secrets/postgres-platform'), 'utf8').trim();
  return { host: '127.0.0.1', port: ports['postgres-platform'], user: 'reeve', password, database: 'reeve' };
}

/** mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

if (import.meta.main) await run();
