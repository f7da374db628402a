/** A clock that is set back: sweeps go on, by whoever asks, and what fails goes down. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Requester } from '../../src/agent/sweep/request.ts';
import { createStandings } from '../../src/agent/sweep/standings.ts';
import type { SweepStore } from '../../src/agent/sweep/storing.ts';
import { createSweeper } from '../../src/agent/sweep/sweeper.ts';
import type { SweepRow } from '../../src/database/health/store.ts';
import type { Desired } from '../../src/domain/desired.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { HEALTH_DEFAULTS, slotOf } from '../../src/domain/health-settings.ts';
import { judged, unheard } from '../../src/domain/verdict.ts';
import { createLog } from '../../src/log.ts';
import { until } from '../local/wait.ts';

const HOUR = 3_600_000;
const HEALTH = { intervalSeconds: 30, suspectSeconds: 10 };

const desired = {
  settings: { publicScheme: 'http', publicPort: 80, health: HEALTH }, releases: new Map(),
  sites: new Map([['s1', { id: 's1', phase: 'live', settings: {} }]]),
  hostnames: new Map([['one.test', { hostname: 'one.test', site: 's1', phase: 'bound', role: 'primary', https: 'allow' }]]),
} as unknown as Desired;

/** A sweeper of one hostname, by clocks and a timer that the test moves. */
function sweeping(t: TestContext, status = 200) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const clock = { wall: Date.parse('2026-01-01T12:00:00Z'), steady: 5 };
  const rows: SweepRow[] = [];
  let asked = 0;
  const requester: Requester = { ask: async () => { asked += 1; return { status, site: 's1', location: null }; }, close: async () => {} };
  const store: SweepStore = { recall: async () => {}, amend: async () => 'stored', add: async ({ sweep }) => { rows.push(sweep); return 'stored'; } };
  const sweeper = createSweeper({
    desired: () => desired, requester, standings: createStandings(), store, log: createLog({}, () => {}),
    clocks: { wall: () => clock.wall, steady: () => clock.steady },
  });
  t.after(() => sweeper.close());
  return {
    sweeper, rows, asked: () => asked, slot: () => slotOf(clock.wall, HEALTH),
    setBack(ms: number) { clock.wall -= ms; },
    /** Time passes, and the sweeper looks. */
    pass(seconds: number) {
      clock.wall += 1_000 * seconds;
      clock.steady += 1_000 * seconds;
      t.mock.timers.tick(500);
    },
  };
}

for (const by of [1.5, 45, 75, HOUR / 1_000]) {
  test(`a clock that is set back by ${by} s: the slots that it comes to are swept`, async (t) => {
    const { sweeper, rows, slot, setBack, pass } = sweeping(t);
    await sweeper.sweep(slot());
    setBack(1_000 * by);
    assert.equal((await sweeper.sweep(slot())).stored, 'stored');
    const swept = rows.length;
    pass(30);
    await sweeper.sweep(slot());
    assert.equal(rows.length, swept + 1);
    assert.equal(rows.at(-1)!.slot, slot());
  });
}

test('where nobody asks, an agent whose clock was set back sweeps by itself after two intervals as always', async (t) => {
  const { sweeper, rows, slot, setBack, pass } = sweeping(t);
  await sweeper.sweep(slot());
  setBack(HOUR);
  pass(59);
  pass(2);
  await until('it has swept', () => rows.length === 2);
  assert.equal(rows[1]!.slot, slot());
});

test('suspects are asked again as soon as always', async (t) => {
  const { sweeper, asked, slot, setBack, pass } = sweeping(t, 500);
  await sweeper.sweep(slot());
  setBack(HOUR);
  pass(9);
  assert.equal(asked(), 1);
  pass(1);
  await until('it is asked again', () => asked() === 2);
});

test('while nobody sets the clock, a slot that is over is refused', async (t) => {
  const { sweeper, slot, pass } = sweeping(t);
  const former = slot();
  pass(30);
  await sweeper.sweep(slot());
  await assert.rejects(sweeper.sweep(former), (error) => isReeveError(error, 'superseded'));
});

test('what has failed once when the clock is set back is down after so many failures over as long as always', () => {
  const failing = (at: number[]) => at.reduce((was, each) => judged(was, 'bad', each, HEALTH_DEFAULTS), unheard(at[0]!)).verdict;
  assert.equal(failing([2 * HOUR, HOUR, HOUR + 10_000, HOUR + 20_000]), 'unknown');
  assert.equal(failing([2 * HOUR, HOUR, HOUR + 10_000, HOUR + 20_000, HOUR + 30_000]), 'down');
});
