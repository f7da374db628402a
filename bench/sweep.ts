/**
 * A sweep of every hostname in one container, and storing it, at 1,000, 10,000 and 20,000 hostnames (goals: 20,000 in
 * under 5 s, stored in under 150 ms, 5,000 probes a second of a core), against blackbox_exporter on the same nginx in
 * the same run. Suspended sites: nginx alone answers, so that the prober is what is measured.
 *
 * REEVE_BENCH_BLACKBOX names the exporter, else it is looked for on PATH; without it there is no yardstick.
 * REEVE_BENCH_POSTGRES_URL names a server to measure on, else one without fsync is started.
 */
import { layoutOf } from '../src/agent/config.ts';
import { createRequester } from '../src/agent/sweep/request.ts';
import { CONNECTIONS, probeAll, type Probed } from '../src/agent/sweep/round.ts';
import { createStandings } from '../src/agent/sweep/standings.ts';
import { compressed, storeSweep } from '../src/database/health/store.ts';
import { createPool } from '../src/database/pool.ts';
import { readSnapshot } from '../src/database/snapshot.ts';
import { HEALTH_DEFAULTS } from '../src/domain/health-settings.ts';
import { places } from '../src/domain/layout.ts';
import { type SweepTarget, sweepTargets } from '../src/domain/probe.ts';
import { packSweep } from '../src/domain/sweep-pack.ts';
import { createContainer, type TestContainer } from '../test/agent/container.ts';
import { createPlatform, type TestPlatform } from '../test/agent/platform.ts';
import { startOwnServer } from '../test/postgres-server.ts';
import { type Blackbox, startBlackbox } from './blackbox.ts';
import { fillWithLightSites } from './light-sites.ts';
import { type Measured, measured, print } from './table.ts';

const RUNS = 5;
/** The exporter is asked for this many of them: its rate does not depend on how many there are. */
const YARDSTICK = 1_000;

export async function run(): Promise<{ name: string; measured: Measured[]; figures: Record<string, number> }> {
  const given = process.env.REEVE_BENCH_POSTGRES_URL;
  const own = given ? null : await startOwnServer();
  const rows: Measured[] = [];
  const figures: Record<string, number> = {};
  try {
    for (const hostnames of [1_000, 10_000, 20_000]) rows.push(...await measure(given ?? own!.url, hostnames, figures));
  } finally {
    await own?.stop();
  }
  print('a sweep of one container', rows);
  for (const [what, value] of Object.entries(figures)) console.log(`  ${what}: ${value}`);
  return { name: 'sweep', measured: rows, figures };
}

async function measure(postgresUrl: string, hostnames: number, figures: Record<string, number>): Promise<Measured[]> {
  const platform = await createPlatform({ postgresUrl });
  const container = await createContainer(platform, { emperor: false });
  const blackbox = await startBlackbox(platform.scratch);
  // As agents connect, with their rights.
  const pool = createPool(platform.agentUrl, { name: 'bench', max: 1 });
  const requester = createRequester(places.probeSocket(layoutOf(container.config)), CONNECTIONS);
  try {
    await fillWithLightSites(platform, hostnames / 2);
    container.start();
    await container.untilReady();
    const targets = sweepTargets(await readSnapshot(pool));
    const sweeps: number[] = [];
    const rates: number[] = [];
    const yardstick: number[] = [];
    let probed: Probed[] = [];
    for (let i = 0; i < RUNS; i += 1) {
      const cpu = process.cpuUsage();
      const start = performance.now();
      probed = await probeAll(requester, targets, { timeoutMs: HEALTH_DEFAULTS.timeoutMs, askForMs: 60_000 });
      sweeps.push(performance.now() - start);
      const { user, system } = process.cpuUsage(cpu);
      rates.push((targets.length * 1e6) / (user + system));
      if (blackbox) yardstick.push(await timeBlackbox(blackbox, container, targets));
    }
    const wrong = probed.filter(({ outcome }) => outcome === 'bad' || outcome === 'unknown').length;
    if (wrong > 0) throw new Error(`${wrong} of ${probed.length} answered badly: ${probed.find(({ reason }) => reason)?.reason}`);
    const { first, later, allChanged, bytes } = await timeStoring(pool, platform, container, probed);
    figures[`${hostnames} hostnames, probes a second of the prober’s core (median)`] = Math.round(rates.sort((a, b) => a - b)[RUNS >> 1]!);
    figures[`${hostnames} hostnames, bytes a sweep`] = bytes;
    return [
      measured(`${hostnames} hostnames, swept`, sweeps),
      measured(`${hostnames} hostnames, stored, all of them new`, [first]),
      measured(`${hostnames} hostnames, stored, every verdict changed`, [allChanged]),
      measured(`${hostnames} hostnames, stored, nothing changed`, later),
      ...(blackbox ? [measured(`${hostnames} hostnames, by blackbox_exporter (${YARDSTICK} asked, scaled up)`, yardstick.map((ms) => (ms * hostnames) / YARDSTICK))] : []),
    ];
  } finally {
    await requester.close();
    await blackbox?.stop();
    await pool.end();
    await container.remove();
    await platform.close();
  }
}

/** With packing and compressing, as an agent does it. */
async function timeStoring(pool: ReturnType<typeof createPool>, platform: TestPlatform, container: TestContainer, probed: readonly Probed[]) {
  const { incarnation } = await container.row();
  const names = probed.map(({ target }) => target.hostname);
  const standings = createStandings();
  standings.keepOnly(probed.map(({ target }) => target));
  standings.hear(probed, HEALTH_DEFAULTS);
  await platform.pool.query(`select make_health_partition('sweep', clock_timestamp())`);
  const times: number[] = [];
  let bytes = 0;
  const firstSlot = Math.floor(Date.now() / 1_000) * 1_000 - (RUNS + 1) * 1_000;
  // The last one is of a container in which everything went down.
  for (let i = 0; i <= RUNS + 1; i += 1) {
    const start = performance.now();
    const packed = compressed(packSweep(probed.map(({ target, outcome, status, ms }) => ({ verdict: 'up', outcome, kind: target.kind, status, ms }))));
    const slot = firstSlot + i * 1_000;
    const changed = i <= RUNS ? standings.unstored() : names.map((name) => standings.get(name)!)
      .map((row) => ({ ...row, standing: { ...row.standing, verdict: 'down' as const } }));
    const stored = await storeSweep(pool, {
      container: container.id, incarnation, packed, changed, names: i === 0 ? names : null,
      sweep: { slot, startedAt: slot, endedAt: slot, intervalSeconds: 30, hostnames: names.length, names: `${names.length}`, counts: standings.counts() },
    });
    times.push(performance.now() - start);
    if (stored !== 'stored') throw new Error(`it is ${stored}`);
    standings.markStored(changed);
    bytes = packed.length;
  }
  const [first, ...others] = times;
  return { first: first!, later: others.slice(0, -1), allChanged: others.at(-1)!, bytes };
}

async function timeBlackbox(blackbox: Blackbox, container: TestContainer, targets: readonly SweepTarget[]): Promise<number> {
  const start = performance.now();
  const ok = await blackbox.probe(targets.slice(0, YARDSTICK).map(({ hostname }) => hostname), `http://127.0.0.1:${container.config.listen.port}/`, CONNECTIONS);
  if (ok !== Math.min(YARDSTICK, targets.length)) throw new Error(`the exporter found ${ok} of ${YARDSTICK} well`);
  return performance.now() - start;
}

if (import.meta.main) await run();
