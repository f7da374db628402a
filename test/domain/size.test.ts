import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mayReplace, REMEDIATION_DEFAULTS } from '../../src/domain/budget.ts';
import type { Load } from '../../src/domain/observed.ts';
import { SCALING_DEFAULTS, scalingContradictions, type ScalingPolicy } from '../../src/domain/scaling.ts';
import { type Measured, type Recommendation, size, type SizedMember } from '../../src/domain/size.ts';

const NOW = 1_000_000_000;
const MINUTE = 60_000;
const on: ScalingPolicy = { ...SCALING_DEFAULTS, mode: 'on', min: 2, max: 5, targets: { cpu: 0.5, memory: null, awake: null, requests: null } };
const idle: Load = { cpu: 0, memory: 0, awake: 0, requests: 0 };
const member = (n: number, load: Partial<Load> | null, ready = true): SizedMember =>
  ({ id: `c00000000${n}`, incarnation: 1, ready, load: load && { ...idle, ...load } });
const members = (...cpu: (number | null)[]) => cpu.map((one, n) => member(n, one === null ? null : { cpu: one }));
/** A look each minute, the oldest `minutes` ago, that all found as many enough. */
const past = (minutes: number, enough: number): Recommendation[] =>
  Array.from({ length: minutes }, (_, n) => ({ at: NOW - (n + 1) * MINUTE, enough }));
const decide = (measured: Partial<Measured>) => size({ policy: on, members: [], past: [], busy: null, now: NOW, ...measured });

const CASES: [string, Partial<Measured>, string][] = [
  ['off does nothing', { policy: { ...on, mode: 'off' }, members: members(1, 1) }, 'none'],
  ['well loaded stays', { members: members(0.5, 0.5) }, 'none'],
  ['within the tolerance stays', { members: members(0.54, 0.55) }, 'none'],
  ['above it grows', { members: members(0.6, 0.6) }, 'launch'],
  ['at the maximum it cannot', { members: members(1, 1, 1, 1, 1) }, 'none'],
  ['below the minimum grows without any measure', { members: members(null) }, 'launch'],
  ['one that is starting is waited for', { members: [...members(0.9, 0.9), member(9, null, false)] }, 'none'],
  ['below the minimum it is not', { members: [member(9, null, false)] }, 'launch'],
  ['a run under way is waited for', { members: members(0.9, 0.9), busy: 'launchContainer w1 is under way' }, 'none'],
  ['above the maximum shrinks at once', { members: members(1, 1, 1, 1, 1, 1) }, 'drain'],
  ['idle for less than the window stays', { members: members(0.1, 0.1, 0.1), past: past(4, 2) }, 'none'],
  ['idle for the window shrinks', { members: members(0.1, 0.1, 0.1), past: past(6, 2) }, 'drain'],
  ['a peak within the window holds', { members: members(0.1, 0.1, 0.1), past: [...past(6, 2), { at: NOW - 2 * MINUTE, enough: 3 }] }, 'none'],
  ['a peak before it does not', { members: members(0.1, 0.1, 0.1), past: [...past(6, 2), { at: NOW - 9 * MINUTE, enough: 5 }] }, 'drain'],
  ['nothing measured is not idle', { members: members(null, null, null), past: past(6, 2) }, 'none'],
  ['one that is not measured may carry its share', { members: members(0.3, 0.3, null), past: past(6, 2) }, 'none'],
  ['one that is not measured asks for no more', { members: members(0.5, 0.5, null) }, 'none'],
];
for (const [what, measured, action] of CASES) {
  test(`size: ${what}`, () => {
    const sizing = decide(measured);
    assert.equal(sizing.action, action, sizing.reason);
    assert.notEqual(sizing.reason, '');
  });
}

test('size: the measure that asks for most decides, and is named', () => {
  const policy = { ...on, targets: { cpu: 0.5, memory: 0.8, awake: 10, requests: 100 } };
  const sizing = decide({ policy, members: [member(1, { cpu: 0.1, awake: 21, requests: 20 }), member(2, { awake: 19, requests: 20 })] });
  assert.deepEqual([sizing.action, sizing.enough], ['launch', 4]);
  assert.match(sizing.reason, /awake asks for 4/);
});

test('size: below the minimum scaling and the judge do not wait for each other', () => {
  const policy = { ...on, min: 3 };
  /** Of the first one, which is dead. */
  const replaceable = (all: readonly SizedMember[]) => mayReplace(all[0]!.id, REMEDIATION_DEFAULTS, {
    now: NOW, members: all.map(({ id, ready }) => ({ id, healthy: ready })), replacements: [], breaker: null, min: policy.min }).allowed;
  const two = [member(1, null, false), member(2, { cpu: 0.5 })];
  assert.equal(replaceable(two), false);
  assert.equal(decide({ policy, members: two }).action, 'launch');
  const three = [...two, member(3, { cpu: 0.5 })];
  assert.equal(decide({ policy, members: three }).action, 'none');
  assert.equal(replaceable(three), true);
});

test('size: who leaves is the one with the fewest awake sites', () => {
  const sizing = decide({
    members: [member(1, { awake: 9 }), member(2, { awake: 3 }), member(3, { awake: 4 })], past: past(6, 2),
  });
  assert.equal(sizing.container?.id, 'c000000002');
});

const load = fc.record({
  cpu: fc.option(fc.double({ min: 0, max: 1, noNaN: true })), memory: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  requests: fc.option(fc.nat(1_000)), awake: fc.nat(200),
});
const anyMembers = fc.array(fc.record({ ready: fc.boolean(), load: fc.option(load) }), { maxLength: 8 })
  .map((some) => some.map((one, n): SizedMember => ({ id: `c00000000${n}`, incarnation: 1, ...one })));
const anyPolicy = fc.record({
  bounds: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
  cpu: fc.option(fc.double({ min: 0.05, max: 1, noNaN: true })), awake: fc.option(fc.integer({ min: 1, max: 100 })),
}).map(({ bounds: [min, max], cpu, awake }): ScalingPolicy =>
  ({ ...on, min, max, targets: { cpu, awake, memory: null, requests: 50 } }));

test('size: never beyond the bounds, never while one is not ready, never below what serves', () => {
  fc.assert(fc.property(anyPolicy, anyMembers, fc.array(fc.record({ at: fc.integer({ min: NOW - 20 * MINUTE, max: NOW }), enough: fc.integer({ min: 1, max: 8 }) })),
    (policy, some, looks) => {
      const { action, container, enough } = decide({ policy, members: some, past: looks });
      if (enough !== null) assert.ok(enough >= policy.min && enough <= policy.max);
      if (action === 'launch') assert.ok(some.length < policy.max);
      if (action === 'drain') {
        assert.ok(some.length > policy.min);
        assert.ok(some.every((one) => one.ready));
        assert.ok(some.some((one) => one.id === container!.id));
      }
    }), { numRuns: 2_000 });
});

test('size: under a steady load it comes to rest, and stays there', () => {
  fc.assert(fc.property(anyPolicy, fc.integer({ min: 0, max: 400 }), fc.double({ min: 0, max: 5, noNaN: true }), fc.integer({ min: 1, max: 8 }),
    (policy, awake, cpu, begin) => {
      let count = begin;
      const looks: Recommendation[] = [];
      const counts: number[] = [];
      for (let minute = 0; minute < 80; minute += 1) {
        // Whole sites, and as many of them however many containers share them: rounding each share made a load that followed the count.
        const shareOf = (n: number) => Math.floor(awake / count) + (n < awake % count ? 1 : 0);
        const some = Array.from({ length: count }, (_, n) => member(n, { cpu: Math.min(1, cpu / count), awake: shareOf(n) }));
        const now = NOW + minute * MINUTE;
        const { action, enough } = decide({ policy, now, past: looks, members: some });
        if (enough !== null) looks.push({ at: now, enough });
        count += action === 'launch' ? 1 : action === 'drain' ? -1 : 0;
        counts.push(count);
      }
      assert.equal(new Set(counts.slice(-10)).size, 1, counts.join(' '));
    }), { numRuns: 500 });
});

test('settings of scaling that contradict are named by field', () => {
  assert.deepEqual(scalingContradictions(SCALING_DEFAULTS), []);
  assert.deepEqual(scalingContradictions({ ...on, min: 6 }).map((one) => one.path), ['scaling.min']);
  assert.deepEqual(scalingContradictions({ ...on, targets: { cpu: null, memory: null, awake: null, requests: null } }).map((one) => one.path), ['scaling.targets']);
});
