/**
 * What one integrity check costs: every file of a container (three a site, one link, and nginx's) compared with what
 * Postgres says. Live sites in a container without an emperor, so nginx's files and two of each site. The first check
 * renders all sites in the control worker and reads all files in the container; a later one compares `stat`s.
 *
 * REEVE_BENCH_POSTGRES_URL names a server to measure on, else one without fsync is started.
 */
import { writeFileSync } from 'node:fs';
import { askFiles } from '../src/integrity/ask.ts';
import { integrity } from '../src/integrity/check.ts';
import { createContainer } from '../test/agent/container.ts';
import { createPlatform } from '../test/agent/platform.ts';
import { startOwnServer } from '../test/postgres-server.ts';
import { fillWithLightSites, lightSite } from './light-sites.ts';
import { type Measured, measured, print } from './table.ts';

const RUNS = 7;

export async function run(): Promise<{ name: string; measured: Measured[] }> {
  const given = process.env.REEVE_BENCH_POSTGRES_URL;
  const own = given ? null : await startOwnServer();
  const rows: Measured[] = [];
  try {
    for (const sites of [100, 1_000, 10_000]) rows.push(...(await measure(given ?? own!.url, sites)));
  } finally {
    await own?.stop();
  }
  print('one integrity check of one container', rows);
  return { name: 'integrity', measured: rows };
}

async function measure(postgresUrl: string, sites: number): Promise<Measured[]> {
  const platform = await createPlatform({ postgresUrl });
  const container = await createContainer(platform, { emperor: false });
  const { pool, sitesKey } = platform;
  const fresh = () => integrity({ pool, sitesKey, ask: askFiles(sitesKey, 60_000) });
  const times: Record<'first' | 'later' | 'drift', number[]> = { first: [], later: [], drift: [] };
  const timed = async (what: keyof typeof times, one: ReturnType<typeof fresh>, verdict: string) => {
    const start = performance.now();
    const report = await one.check(container.id, null);
    times[what].push(performance.now() - start);
    if (report.verdict !== verdict) throw new Error(`${report.verdict}, not ${verdict}: ${report.reason}`);
    return report;
  };
  try {
    await fillWithLightSites(platform, sites, 'live');
    container.start();
    await container.untilReady();
    for (let i = 0; i < RUNS; i++) await timed('first', fresh(), 'same');
    const warm = fresh();
    await warm.check(container.id, null);
    for (let i = 0; i < RUNS; i++) await timed('later', warm, 'same');
    const file = `${container.root}/sites/${lightSite(7)}.env`;
    for (let i = 0; i < RUNS; i++) {
      writeFileSync(file, `{"RUN": "${i}"}\n`);
      const { drift } = await timed('drift', warm, 'drift');
      if (drift.length !== 1 || drift[0]!.path !== file) throw new Error(JSON.stringify(drift));
    }
    return [
      measured(`${sites} sites, the first check by a control worker`, times.first),
      measured(`${sites} sites, nothing changed`, times.later),
      measured(`${sites} sites, one edited file found, named and compared`, times.drift),
    ];
  } finally {
    await container.remove();
    await platform.close();
  }
}

if (import.meta.main) await run();
