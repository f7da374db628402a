/** Sites that hang, on real sockets, at a quick pace: they are found, and blind nobody to the others of their container. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { prober } from '../../src/agent/probe.ts';
import { createRequester } from '../../src/agent/sweep/request.ts';
import { createStandings } from '../../src/agent/sweep/standings.ts';
import type { SweepStore } from '../../src/agent/sweep/storing.ts';
import { createSweeper, type Sweeper } from '../../src/agent/sweep/sweeper.ts';
import { MOST_AT_ONCE } from '../../src/agent/sweep/round.ts';
import type { SweepRow } from '../../src/database/health/store.ts';
import type { Desired } from '../../src/domain/desired.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { slotOf } from '../../src/domain/health-settings.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { createLog } from '../../src/log.ts';
import { until } from '../local/wait.ts';

const PACE = { intervalSeconds: 3, suspectSeconds: 1, downAfterSeconds: 3, slowMs: 900, timeoutMs: 1_000 };
const directory = mkdtempSync(join(tmpdir(), 'rv-hanging-'));
const socket = join(directory, 'probe.sock');
let server: Server;
/** How often each hostname was asked. */
const asked = new Map<string, number>();
/** Sites whose requests are taken and never answered, and those that have been open at once. */
const hanging = new Set<string>();
const open = new Map<string, number>();
let mostOpen = 0;

const siteOf = (hostname: string) => hostname.split('.')[1]!;

/** How many hostnames of a site were asked: what an earlier test has sent may still arrive. */
const askedOf = (site: string) => [...asked.keys()].filter((hostname) => siteOf(hostname) === site).length;

before(async () => {
  server = createServer(({ headers }, response) => {
    const hostname = headers.host!;
    const site = siteOf(hostname);
    asked.set(hostname, (asked.get(hostname) ?? 0) + 1);
    if (!hanging.has(site)) return void response.writeHead(200, { 'x-reeve-site': site }).end('ok');
    open.set(site, (open.get(site) ?? 0) + 1);
    mostOpen = Math.max(mostOpen, open.get(site)!);
    response.on('close', () => open.set(site, open.get(site)! - 1));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

/** So many hostnames a site, in the order of the alphabet of their first part. */
function desiredOf(sites: Readonly<Record<string, number>>, pace: Partial<typeof PACE> = {}): Desired {
  const hostnames = Object.entries(sites).flatMap(([site, count]) => Array.from({ length: count }, (_, n) =>
    ({ hostname: `h${String(n).padStart(3, '0')}.${site}`, site, phase: 'bound', role: n === 0 ? 'primary' : 'alias', https: 'allow' })));
  return {
    settings: { publicScheme: 'http', publicPort: 80, health: { ...PACE, ...pace } }, releases: new Map(),
    sites: new Map(Object.keys(sites).map((id) => [id, { id, phase: 'live', settings: {} }])),
    hostnames: new Map(hostnames.map((row) => [row.hostname, row])),
  } as unknown as Desired;
}

interface Watched { readonly sweeper: Sweeper; readonly rows: SweepRow[]; verdicts(): Map<string, Verdict>; close(): Promise<void> }

function watch(desired: Desired): Watched {
  asked.clear();
  open.clear();
  mostOpen = 0;
  const standings = createStandings();
  const rows: SweepRow[] = [];
  const store: SweepStore = {
    recall: async () => {}, amend: async () => 'stored',
    add: async ({ sweep }) => { rows.push(sweep); return 'stored'; },
  };
  const sweeper = createSweeper({
    desired: () => desired, requester: createRequester(socket, MOST_AT_ONCE), standings, store, log: createLog({}, () => {}),
  });
  // As the schedule does: asked for each slot, whether or not the one before is over.
  const schedule = setInterval(() => void sweeper.sweep(slotOf(Date.now(), PACE)).catch(() => {}), 200);
  return {
    sweeper, rows,
    verdicts: () => new Map([...desired.hostnames.keys()].map((hostname) => [hostname, standings.get(hostname)?.standing.verdict ?? 'unknown'])),
    close: async () => { clearInterval(schedule); await sweeper.close(); },
  };
}
const withVerdict = (watched: Watched, verdict: Verdict) => [...watched.verdicts()].filter(([, each]) => each === verdict).map(([hostname]) => hostname);

test('one site with 200 hostnames that hangs: all of them go down, each round ends in time, and neighbours stay up', async () => {
  hanging.clear();
  hanging.add('hangs');
  const watched = watch(desiredOf({ hangs: 200, well: 20 }));
  try {
    await until('all 200 are down', () => withVerdict(watched, 'down').length === 200);
    assert.deepEqual(withVerdict(watched, 'up').map(siteOf), Array.from({ length: 20 }, () => 'well'));
    for (const { startedAt, endedAt } of watched.rows) assert.ok(endedAt - startedAt < 1_000 * PACE.intervalSeconds, `a round took ${endedAt - startedAt} ms`);
    assert.ok(mostOpen <= 4, `${mostOpen} requests at once are too many for one site`);
  } finally {
    await watched.close();
  }
});

test('200 sites that hang: each is found in its turn, each round ends in time, and neighbours stay up', async () => {
  hanging.clear();
  const sites = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`hangs${n}`, 1]));
  for (const site of Object.keys(sites)) hanging.add(site);
  const watched = watch(desiredOf({ ...sites, well: 20 }));
  try {
    await until('the first are down', () => withVerdict(watched, 'down').length > 10);
    const known = watched.rows.at(-1)!;
    assert.equal(known.counts.up + known.counts.slow + known.counts.down + known.counts.unknown, 220);
    await until('all 200 are down', () => withVerdict(watched, 'down').length === 200, 60);
    await until('the neighbours are up', () => withVerdict(watched, 'up').length === 20);
    for (const { startedAt, endedAt } of watched.rows) assert.ok(endedAt - startedAt < 1_000 * PACE.intervalSeconds, `a round took ${endedAt - startedAt} ms`);
  } finally {
    await watched.close();
  }
});

test('a second look at 25 hostnames that hang says so, after a few of them', async () => {
  hanging.clear();
  hanging.add('looked');
  const state = desiredOf({ looked: 25 });
  const looking = prober(socket, 300);
  try {
    const results = await looking.probe(state, 'looked', [...state.hostnames.keys()].map((hostname) => ({ hostname, expect: 'page' })));
    assert.equal(results.filter(({ ok, reason }) => !ok && /^no answer within 300 ms/.test(reason!)).length, 25);
    assert.ok(askedOf('looked') <= 8, `${askedOf('looked')} of them were waited for`);
  } finally {
    await looking.close();
  }
});

test('suspects that are due while a round goes on are asked once after it, and keep no sweep from its slot', async () => {
  hanging.clear();
  hanging.add('hangs');
  const watched = watch(desiredOf({ hangs: 1 }, { suspectSeconds: 0.2, downAfterSeconds: 3_600 }));
  try {
    await until('four sweeps', () => watched.rows.length >= 4);
    const [first, last] = [watched.rows[0]!, watched.rows[3]!];
    assert.equal((last.slot - first.slot) / (1_000 * PACE.intervalSeconds), 3, 'a slot had no sweep');
  } finally {
    await watched.close();
  }
});

test('a sweep that still waits when the next one is asked for is not made', async () => {
  hanging.clear();
  hanging.add('waits');
  const watched = watch(desiredOf({ waits: 1 }));
  try {
    const now = slotOf(Date.now(), PACE);
    const goesOn = watched.sweeper.sweep(now - 3_000);
    await until('it to ask', () => askedOf('waits') === 1);
    const waits = watched.sweeper.sweep(now);
    const next = watched.sweeper.sweep(now + 3_000);
    await assert.rejects(waits, (error) => isReeveError(error, 'superseded'));
    assert.equal((await goesOn).stored, 'stored');
    assert.equal((await next).stored, 'stored');
  } finally {
    await watched.close();
  }
});
