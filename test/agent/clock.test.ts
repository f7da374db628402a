/** A clock that is set back by an hour: nothing in an agent waits for it to come to where it was. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createTree } from '../../src/agent/files/tree.ts';
import { proofReader } from '../../src/agent/nginx/proof.ts';
import { createPass, type Parts } from '../../src/agent/reconcile/pass.ts';
import { vassals } from '../../src/agent/reconcile/vassals.ts';
import { isHeldBack } from '../../src/agent/state/quarantine.ts';
import { inServiceOf } from '../../src/agent/vassals/in-service.ts';
import { notRunning } from '../../src/agent/vassals/not-running.ts';
import { planVassals, VASSAL_POLICY, type VassalView } from '../../src/agent/vassals/plan.ts';
import { places } from '../../src/domain/layout.ts';
import { createLog } from '../../src/log.ts';
import { createContainerRenderer } from '../../src/render/container.ts';
import { desired, layout as layoutAt, makeRoot, scratch, site, siteId, sitesKey } from '../render/fixture.ts';

const HOUR = 3_600_000;
const root = scratch('clock');
after(() => rmSync(root, { recursive: true, force: true }));

const log = createLog({}, () => {});
const siblings = { find: () => null, signal: () => false };
function setBack(t: TestContext): void {
  const real = Date.now;
  t.mock.method(Date, 'now', () => real() - HOUR);
}
/** Steady time that the test lets pass, from a process that has just begun. */
function steady(t: TestContext): (ms: number) => void {
  let now = 5;
  t.mock.method(performance, 'now', () => now);
  return (ms) => { now += ms; };
}

test('files are compared with what was written as often as always, the first time at once', async (t) => {
  const letPass = steady(t);
  let compared = 0;
  const state = desired({ settings: { integrity: { intervalSeconds: 60 } } });
  const { pass } = createPass({
    log, folding: { trouble: () => null }, files: null, gone: null, vassals: null, tree: createTree(), state: () => 'ready',
    reader: { current: () => state, refresh: async () => null, hasRead: () => true, hasTried: () => true },
    book: { held: new Map(), lastGood: new Map(), save: () => {} }, applied: { was: () => false, note: () => {} },
    preparer: { prepare: async () => ({ on: 'refused', message: 'no matter' }) },
    routing: { mend: () => { compared += 1; return []; }, foundAtStart: () => [], foundAtSwitch: () => [], isGathering: () => false },
  } as unknown as Parts);
  await pass();
  await pass();
  assert.equal(compared, 1);
  setBack(t);
  letPass(60_000);
  await pass();
  assert.equal(compared, 2);
});

test('the emperor is asked as often as always, the first time at once', async (t) => {
  const layout = layoutAt(`${root}/emperor`);
  makeRoot(layout);
  mkdirSync(places.ownDir(layout), { recursive: true });
  let asked = 0;
  const emperor = createServer((socket) => { asked += 1; socket.end(JSON.stringify({ pid: 1, vassals: [], blacklist: [] })); });
  await new Promise<void>((resolve) => emperor.listen(places.emperorStats(layout), resolve));
  t.after(() => emperor.close());
  const state = desired({});
  const wanted = createContainerRenderer(layout, { sitesKey }).render(state, new Map());
  const all = vassals({ layout, log, siblings, tree: createTree(), masked: () => null, pace: 2, onAnswer: () => {} });
  const letPass = steady(t);
  const pass = async () => { await all.pass(state, wanted, new Set()); };
  await pass();
  await pass();
  assert.equal(asked, 1);
  setBack(t);
  letPass(10_001);
  await pass();
  assert.equal(asked, 2);
});

test('nginx’s proof is waited for as long as always', async (t) => {
  const proof = proofReader(`${root}/nobody.sock`);
  t.after(() => proof.close());
  const waiting = proof.await('a', 100);
  setBack(t);
  assert.equal(await Promise.race([waiting, delay(3_000, 'still waits')]), null);
});

test('a vassal that was replaced just before is drained for as long as always at most, and one that does not come up has failed', () => {
  const now = 10 * HOUR;
  const both = { site: 's1', wanted: 'new', inis: new Map([['old', 0], ['new', now]]), answer: null };
  const running = new Map([['new', { pid: 9, accepting: true, startedAt: now, deaths: 0 }]]);
  const switched = (since: number): VassalView => ({ ...both, link: { digest: 'new', since }, seen: running });
  const does = (view: VassalView) => planVassals([view], VASSAL_POLICY, now).steps.map((step) => step.do);
  assert.deepEqual(does(switched(now + HOUR)), ['stop']);
  // A file's time has fractions of what `now` is rounded down to.
  assert.deepEqual(does(switched(now + 0.9)), []);
  const silent = new Map([['new', { pid: 9, accepting: false, startedAt: now, deaths: 0 }]]);
  const starting = (writtenAt: number): VassalView => ({ ...both, inis: new Map([['old', 0], ['new', writtenAt]]), link: { digest: 'old', since: 0 }, seen: silent });
  assert.deepEqual(does(starting(now + HOUR)), ['fail']);
  // Written twice within a second, it is dated a second ahead.
  assert.deepEqual(does(starting(now + 1_000)), []);
});

test('a vassal in service that takes no requests is said to', () => {
  const view = new Map([['s1.d', { pid: process.pid, accepting: false, startedAt: Date.now() + HOUR, deaths: 0 }]]);
  const { starting, failing } = inServiceOf([['s1', { digest: 'd' }]], view, 30_000, Date.now());
  assert.deepEqual([starting.length, failing.length], [0, 1]);
  assert.deepEqual(notRunning([{ site: 's1', digest: 'd' }], view, new Map(), 30_000).map(({ why }) => why), ['it takes no requests']);
});

test('a site that is held back is tried again as soon as always at most', () => {
  const state = desired({ sites: [site(1)] });
  const held = new Map([[siteId(1), { rev: 1, version: 'v', reason: 'bad', attempts: 2, retryAt: 10 * HOUR + 10_000 }]]);
  const isHeld = (now: number) => isHeldBack({ held, lastGood: new Map() }, state, siteId(1), now);
  assert.deepEqual([10 * HOUR, 10 * HOUR + 9_999, 10 * HOUR + 10_000].map(isHeld), [true, true, false]);
  assert.equal(isHeld(9 * HOUR), false);
});
