/**
 * How the platform's database bears many containers: from the commit of a hostname until 2, 20 and 200 of them have read it
 * and recorded so (which is what a run waits for), and what their leases cost while nothing changes. The containers are
 * simulated: each has its own listener, reads changes and records as an agent does, and has no files and no nginx; all of
 * them share this machine with the server. Growth, not a goal, beside one simulated container.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { joinContainer, observeContainer } from '../src/database/container.ts';
import { listen, type Listener } from '../src/database/listen.ts';
import { newId } from '../src/database/new-id.ts';
import { createPool, type Pool } from '../src/database/pool.ts';
import { readChanges, readSnapshot } from '../src/database/snapshot.ts';
import { createPlatform, type TestPlatform } from '../test/agent/platform.ts';
import { startOwnServer } from '../test/postgres-server.ts';
import { fillWithLightSites, lightSite } from './light-sites.ts';
import { type Measured, measured, print } from './table.ts';

const SITES = 1_000;
const FLEETS = [1, 2, 20, 200];
const RUNS = 100;
/** As agents' own pools together, within what the server has. */
const CONNECTIONS = 40;

export async function run(): Promise<{ name: string; sites: number; measured: Measured[] }> {
  const server = await startOwnServer();
  const rows: Measured[] = [];
  try {
    for (const count of FLEETS) rows.push(...await measure(server.url, count));
  } finally {
    await server.stop();
  }
  print(`a hostname committed → recorded by all of the simulated containers, ${SITES} sites`, rows);
  return { name: 'fleet', sites: SITES, measured: rows };
}

async function measure(postgresUrl: string, count: number): Promise<Measured[]> {
  const platform = await createPlatform({ postgresUrl });
  await fillWithLightSites(platform, SITES);
  const pool = createPool(platform.agentUrl, { name: 'bench fleet', max: CONNECTIONS });
  const containers = await Promise.all(Array.from({ length: count }, () => startSimulated(platform, pool)));
  try {
    const took: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      const began = performance.now();
      const { generation } = await platform.bind(`fleet${i}.test`, lightSite(1));
      while (containers.some((each) => each.recorded() < generation)) await delay(1);
      took.push(performance.now() - began);
    }
    const sorted = [...took].sort((a, b) => a - b);
    const beats: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      const began = performance.now();
      await Promise.all(containers.map((each) => each.renew()));
      beats.push(performance.now() - began);
    }
    return [
      measured(`${count} containers (p99 ${Math.round(sorted[Math.ceil(0.99 * RUNS) - 1]!)} ms)`, took),
      measured(`${count} containers, all leases renewed once`, beats),
    ];
  } finally {
    for (const each of containers) await each.stop();
    await pool.end();
    await platform.close();
  }
}

interface Simulated {
  /** The generation that it has recorded. */
  recorded(): number;
  renew(): Promise<unknown>;
  stop(): Promise<void>;
}

async function startSimulated(platform: TestPlatform, pool: Pool): Promise<Simulated> {
  const id = newId('c');
  await platform.pool.query(`insert into container (id, slot, role) values ($1, $1, 'site')`, [id]);
  const incarnation = await joinContainer(pool, id, 0, { address: '127.0.0.1', port: 1, agentUrl: 'http://127.0.0.1:1', layout: null });
  let desired = await readSnapshot(pool, id);
  let busy = false;
  let again = false;
  const record = async () => {
    const { epoch, generation } = desired;
    await observeContainer(pool, id, incarnation, { state: 'ready', epoch, generation });
  };
  await record();
  let recorded = desired.generation;
  // As an agent: while one look goes on, further messages are one more look.
  const look = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      do {
        again = false;
        const changes = await readChanges(pool, desired, id);
        if (!changes) continue;
        desired = changes.desired;
        await record();
        recorded = desired.generation;
      } while (again);
    } finally {
      busy = false;
    }
  };
  let listener!: Listener;
  await new Promise<void>((resolve) => {
    listener = listen({ url: platform.agentUrl, name: `bench ${id}`, channels: ['reeve'], onMessage: () => void look(), onConnect: resolve });
  });
  return {
    recorded: () => recorded,
    renew: () => observeContainer(pool, id, incarnation, {}),
    stop: () => listener.close(),
  };
}

if (import.meta.main) await run();
