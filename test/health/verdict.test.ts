/** Hysteresis: what holds for every history of answers, and the histories that people care about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HEALTH_DEFAULTS, slotOf } from '../../src/domain/health-settings.ts';
import type { ProbeKind } from '../../src/domain/probe.ts';
import { packSweep, unpackSweep } from '../../src/domain/sweep-pack.ts';
import { isSuspect, judged, type Outcome, type Standing, unheard, type Verdict } from '../../src/domain/verdict.ts';

const outcome = fc.constantFrom<Outcome>('well', 'slow', 'bad', 'unknown');
const rules = fc.record({
  downAfterFailures: fc.integer({ min: 1, max: 6 }), downAfterSeconds: fc.integer({ min: 0, max: 60 }), upAfterSuccesses: fc.integer({ min: 1, max: 5 }),
});
/** Outcomes, each with the seconds since the one before. */
const history = fc.array(fc.tuple(outcome, fc.integer({ min: 1, max: 40 })), { maxLength: 60 });

interface Step { readonly at: number; readonly outcome: Outcome; readonly was: Standing; readonly now: Standing }
function play(steps: readonly (readonly [Outcome, number])[], by: Parameters<typeof judged>[3], from: Standing = unheard(0)): Step[] {
  let at = 0;
  let now = from;
  return steps.map(([each, seconds]) => {
    at += seconds * 1_000;
    const was = now;
    now = judged(was, each, at, by);
    return { at, outcome: each, was, now };
  });
}
/** The answers in a row up to a step that hold `test`; probes that could not be made are not counted. */
function runOf(steps: readonly Step[], upTo: number, test: (outcome: Outcome) => boolean): Step[] {
  const run: Step[] = [];
  for (let i = upTo; i >= 0; i -= 1) {
    if (steps[i]!.outcome === 'unknown') continue;
    if (!test(steps[i]!.outcome)) break;
    run.unshift(steps[i]!);
  }
  return run;
}

test('down takes enough failures in a row, over enough time', () => {
  fc.assert(fc.property(history, rules, (steps, by) => {
    play(steps, by).forEach(({ was, now, at }, i, all) => {
      if (now.verdict !== 'down' || was.verdict === 'down') return;
      const run = runOf(all, i, (one) => one === 'bad');
      assert.ok(run.length >= by.downAfterFailures && at - run[0]!.at >= by.downAfterSeconds * 1_000);
    });
  }));
});

test('what fails for long enough and often enough is down, whatever was before', () => {
  fc.assert(fc.property(history, rules, (steps, by) => {
    const bad = Array.from({ length: by.downAfterFailures + by.downAfterSeconds }, () => ['bad', 1] as const);
    assert.equal(play([...steps, ['bad', 1], ...bad], by).at(-1)!.now.verdict, 'down');
  }));
});

test('a down one is up or slow only after enough answers in a row, and then it is', () => {
  fc.assert(fc.property(history, rules, (steps, by) => {
    const down: Standing = { verdict: 'down', since: 0, failures: 3, firstFailedAt: 0, successes: 0 };
    play(steps, by, down).forEach(({ was, now }, i, all) => {
      if (was.verdict !== 'down' || now.verdict === 'down') return;
      assert.ok(runOf(all, i, (one) => one !== 'bad').length >= by.upAfterSuccesses);
    });
    const well = Array.from({ length: by.upAfterSuccesses }, () => ['well', 1] as const);
    assert.equal(play([...steps, ...well], by).at(-1)!.now.verdict, 'up');
  }));
});

test('a probe that could not be made says nothing, and what says nothing new is the same object', () => {
  fc.assert(fc.property(history, rules, (steps, by) => {
    for (const { was, now, outcome: heard } of play(steps, by)) {
      if (heard === 'unknown') assert.equal(now, was);
      if (now.verdict !== was.verdict) assert.notEqual(now.since, undefined);
      else assert.equal(now.since, was.since);
      assert.ok(now.failures === 0 ? now.firstFailedAt === null : now.firstFailedAt !== null);
    }
    const steady = play(Array.from({ length: 12 }, () => ['well', 30] as const), by);
    assert.equal(steady.at(-1)!.now, steady[1]!.now);
  }));
});

test('fault 14: one that fails every other time flaps no verdict', () => {
  const flapping = Array.from({ length: 100 }, (_, i) => [i % 2 ? 'bad' : 'well', 10] as const);
  assert.deepEqual([...new Set(play(flapping, HEALTH_DEFAULTS).map(({ now }) => now.verdict))], ['up']);
  const down: Standing = { verdict: 'down', since: 0, failures: 3, firstFailedAt: 0, successes: 0 };
  assert.deepEqual([...new Set(play(flapping, HEALTH_DEFAULTS, down).map(({ now }) => now.verdict))], ['down']);
  const onTheEdge = Array.from({ length: 100 }, (_, i) => [i % 2 ? 'slow' : 'well', 30] as const);
  assert.deepEqual([...new Set(play(onTheEdge, HEALTH_DEFAULTS).map(({ now }) => now.verdict))], ['up']);
});

test('by the defaults, asked every 10 s, a site that fails is down after 30 s, and up again after 10', () => {
  const steps = play([['well', 1], ['bad', 30], ['bad', 10], ['bad', 10], ['bad', 10], ['well', 10], ['well', 10]], HEALTH_DEFAULTS);
  assert.deepEqual(steps.map(({ now }) => now.verdict), ['up', 'up', 'up', 'up', 'down', 'down', 'up']);
  assert.deepEqual(steps.map(({ now }) => isSuspect(now)), [false, true, true, true, false, true, false]);
});

test('a slot is the same for all who ask within it', () => {
  assert.equal(slotOf(61_234, { intervalSeconds: 30 }), 60_000);
  assert.equal(slotOf(89_999, { intervalSeconds: 30 }), 60_000);
});

test('a packed sweep says the same again', () => {
  const answer = fc.record({
    verdict: fc.constantFrom<Verdict>('up', 'slow', 'down', 'unknown'), outcome, kind: fc.constantFrom<ProbeKind>('deep', 'routed'),
    status: fc.option(fc.integer({ min: 100, max: 599 })), ms: fc.integer({ min: 0, max: 65_535 }).map((fifths) => fifths / 5),
  }, { noNullPrototype: true });
  fc.assert(fc.property(fc.array(answer), (answers) => {
    const packed = unpackSweep(packSweep(answers));
    assert.deepEqual(answers.map((_, i) => packed.at(i)), answers);
  }));
  assert.throws(() => unpackSweep(new Uint8Array([1, 9, 0, 0, 0])), RangeError);
});
