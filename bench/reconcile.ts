/**
 * What an agent costs when nothing changes: a full reconcile after its restart (goal at 10,000 sites: under 1 s, the
 * start of Node included), a look that finds nothing (under 20 ms), the comparison of every file with the disk (under
 * 60 ms), and memory with its Temporal worker (under 180 MB at 10,000 sites). Live sites, each with its two files, in a container without an emperor.
 *
 * REEVE_BENCH_POSTGRES_URL names a server to measure on, else one without fsync is started.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { agentToken } from '../src/domain/secrets.ts';
import { createContainer, type TestContainer } from '../test/agent/container.ts';
import { createPlatform, type TestPlatform } from '../test/agent/platform.ts';
import { startOwnServer } from '../test/postgres-server.ts';
import { fillWithLightSites } from './light-sites.ts';
import { type Measured, measured, print } from './table.ts';

const RUNS = 7;
/** By then a restarted agent has loaded Temporal's worker and given back what its start took (src/agent/give-back.ts). */
const AT_REST_MS = 20_000;

export async function run(): Promise<{ name: string; measured: Measured[]; megabytes: Record<string, number> }> {
  const given = process.env.REEVE_BENCH_POSTGRES_URL;
  const own = given ? null : await startOwnServer();
  const rows: Measured[] = [];
  const megabytes: Record<string, number> = {};
  try {
    for (const sites of [100, 1_000, 10_000]) {
      const { times, rss } = await measure(given ?? own!.url, sites);
      rows.push(...times);
      megabytes[`${sites} sites`] = rss;
    }
  } finally {
    await own?.stop();
  }
  print('an agent with nothing to do', rows);
  for (const [what, rss] of Object.entries(megabytes)) console.log(`  memory of the agent, with its Temporal worker, ${what}: ${rss} MB`);
  return { name: 'reconcile', measured: rows, megabytes };
}

async function measure(postgresUrl: string, sites: number): Promise<{ times: Measured[]; rss: number }> {
  const platform = await createPlatform({ postgresUrl });
  const container = await createContainer(platform, { emperor: false, temporal: { address: process.env.REEVE_TEST_TEMPORAL_ADDRESS!, namespace: 'default' } });
  try {
    await fillWithLightSites(platform, sites, 'live');
    container.start();
    await container.untilReady();
    const looks: number[] = [];
    const comparisons: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      looks.push(await passTime(container, () => platform.pool.query("select pg_notify('reeve', '{}')")));
      comparisons.push(await passTime(container, () => reconcile(platform, container)));
    }
    const restarts: number[] = [];
    for (let i = 0; i < RUNS; i++) restarts.push(await restart(container));
    await delay(AT_REST_MS);
    const rss = megabytesOf(container.pid('agent'));
    return {
      times: [
        measured(`${sites} sites, agent started → everything proved`, restarts),
        measured(`${sites} sites, a look that finds nothing`, looks),
        measured(`${sites} sites, a look that compares every file`, comparisons),
      ],
      rss,
    };
  } finally {
    await container.remove();
    await platform.close();
  }
}

/** How long the one pass took that this causes, by the agent's own histogram. */
async function passTime(container: TestContainer, cause: () => Promise<unknown>): Promise<number> {
  const before = await passes(container);
  await cause();
  for (;;) {
    const now = await passes(container);
    if (now.count > before.count) return (1_000 * (now.sum - before.sum)) / (now.count - before.count);
    await delay(5);
  }
}

async function passes(container: TestContainer): Promise<{ sum: number; count: number }> {
  const text = await (await fetch(`${(await container.row()).agent_url}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^reeve_agent_pass_seconds_${name} (\\S+)$`, 'm').exec(text)![1]);
  return { sum: value('sum'), count: value('count') };
}

async function reconcile(platform: TestPlatform, container: TestContainer): Promise<void> {
  const { agent_url, incarnation } = await container.row();
  const authorization = `Bearer ${agentToken(platform.sitesKey, container.id, incarnation)}`;
  await fetch(`${agent_url}/reconcile`, { method: 'POST', headers: { authorization } });
}

/** From the start of another agent's process to its first record that says the state as it was. */
async function restart(container: TestContainer): Promise<number> {
  const { observed_generation: generation, agent_url: former } = await container.row();
  const agent = container.pid('agent');
  process.kill(agent, 'SIGKILL');
  while (container.pid('agent') === agent || container.pid('agent') === 0) await delay(1);
  const start = performance.now();
  for (;;) {
    const { agent_url } = await container.row();
    if (agent_url !== former) {
      const health = await fetch(`${agent_url}/healthz`).then((response) => response.json() as Promise<{ generation: number }>).catch(() => null);
      if (health?.generation === generation) return performance.now() - start;
    }
    await delay(5);
  }
}

function megabytesOf(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024);
}

if (import.meta.main) await run();
