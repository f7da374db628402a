/**
 * From the commit of a hostname to the first answer that a container gives under it, tested configuration included:
 * with 100, 1,000 and 10,000 sites, and for each of ten containers; beside it, on as many hostnames, consul-template.
 * Goals (BUDGETS): p50 under 60 ms at 1,000 sites and under 100 ms at 10,000, five times faster than the yardstick there;
 * every one of ten under 150 ms.
 *
 * REEVE_BENCH_POSTGRES_URL names a server to measure on, else one without fsync is started. TMPDIR on tmpfs leaves the
 * disk out of it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createContainer, type TestContainer } from '../test/agent/container.ts';
import { createPlatform, type TestPlatform } from '../test/agent/platform.ts';
import { startOwnServer } from '../test/postgres-server.ts';
import { startConsulTemplate } from './consul-template.ts';
import { fillWithLightSites, lightHostname, lightSite } from './light-sites.ts';
import { statusOf } from './status-of.ts';
import { type Measured, measured, print } from './table.ts';

const RUNS = 15;
const CONTAINERS = 10;
/** A change alone: nginx's master takes no signal in the 100 ms after a reload, and the next one would wait for that. */
const PAUSE_MS = 300;

export async function run(): Promise<{ name: string; measured: Measured[] }> {
  const given = process.env.REEVE_BENCH_POSTGRES_URL;
  const own = given ? null : await startOwnServer();
  const rows: Measured[] = [];
  try {
    for (const sites of [100, 1_000, 10_000]) {
      rows.push(...await measure(given ?? own!.url, sites, 1), ...await yardstick(sites));
    }
    rows.push(...await measure(given ?? own!.url, 10_000, CONTAINERS));
  } finally {
    await own?.stop();
  }
  print('hostname committed → first served', rows);
  return { name: 'propagation', measured: rows };
}

async function measure(postgresUrl: string, sites: number, count: number): Promise<Measured[]> {
  const platform = await createPlatform({ postgresUrl });
  const containers: TestContainer[] = [];
  try {
    await fillWithLightSites(platform, sites);
    for (let i = 0; i < count; i++) {
      const container = await createContainer(platform, { emperor: false });
      containers.push(container);
      container.start();
      await container.untilReady();
    }
    const served: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      await delay(PAUSE_MS);
      served.push(await bindAndWait(platform, containers, `bench${i}.test`));
    }
    return [measured(`${sites} sites, ${count === 1 ? 'one container' : `all of ${count} containers`}`, served)];
  } finally {
    await Promise.all(containers.map((container) => container.remove()));
    await platform.close();
  }
}

/** As many hostnames as that many sites have here. */
async function yardstick(sites: number): Promise<Measured[]> {
  const consul = await startConsulTemplate(Array.from({ length: 2 * sites }, (_, n) => lightHostname(n)));
  if (!consul) {
    console.log('  no yardstick: there is no Go to build it with');
    return [];
  }
  try {
    const served: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      await delay(PAUSE_MS);
      served.push(await consul.bindAndWait(`bench${i}.test`));
    }
    return [measured(`${2 * sites} hostnames, consul-template`, served)];
  } finally {
    await consul.stop();
  }
}

async function bindAndWait(platform: TestPlatform, containers: readonly TestContainer[], hostname: string): Promise<number> {
  const { generation } = await platform.bind(hostname, lightSite(1));
  const start = performance.now();
  await Promise.all(containers.map(async ({ config }) => {
    while ((await statusOf(config.listen.port, hostname)) === 421) await delay(containers.length === 1 ? 1 : 5);
  }));
  const took = performance.now() - start;
  for (const container of containers) await container.untilServed(generation);
  return took;
}

if (import.meta.main) await run();
