import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictOf } from '../../src/dashboard/verdict.ts';
import type { Platform } from '../../src/domain/resources/platform.ts';

const well: Platform = {
  epoch: 1, generation: 812, converged: true, behind: [], containers: { ready: 2 }, sites: { live: 60, deleted: 3 }, hostnames: { bound: 120 },
  health: { up: 240, slow: 0, down: 0, unknown: 0 }, incidents: { open: 0, acknowledged: 0 }, approvals: 0, requests: null, runs: { requested: 0, running: 0 }, paused: false, scaling: { mode: 'off', min: 2, max: 4, latest: null, acted: null }, time: '2026-11-25T03:00:00.000Z',
};

/** What is wrong, in the order in which it matters: each with all that come after it is still what is said. */
const WORSE: readonly (readonly [string, Partial<Platform>, readonly { severity: 'critical' | 'warning'; title: string }[], RegExp])[] = [
  ['no container', { containers: { draining: 2 } }, [], /No container is ready/],
  ['a critical incident', {}, [{ severity: 'critical', title: 'the database does not answer' }], /badly wrong/],
  ['a silent container', { containers: { ready: 2, lost: 1 } }, [], /1 container has gone silent/],
  ['a hostname that is down', { health: { up: 239, slow: 0, down: 1, unknown: 0 } }, [], /1 hostname does not answer/],
  ['an open incident', {}, [{ severity: 'warning', title: 'it is behind' }], /1 incident is open/],
  ['a pause', { paused: true }, [], /Mending is paused/],
  ['a generation on its way', { converged: false, behind: [{ container: 'c1', observedGeneration: 811, waitingOn: [] }] }, [], /taking over generation 812/],
  ['what is not known', { health: { up: 239, slow: 0, down: 0, unknown: 1 } }, [], /Not everything is known/],
  ['a slow hostname', { health: { up: 239, slow: 1, down: 0, unknown: 0 } }, [], /1 hostname is slow/],
];

test('all is well only when everything is', () => {
  const verdict = verdictOf(well, []);
  assert.deepEqual(verdict, { tone: 'good', sentence: 'All is well.', detail: '120 hostnames of 60 sites in 2 containers.' });
  for (const [what, change, incidents, words] of WORSE) {
    const { tone, sentence } = verdictOf({ ...well, ...change }, incidents);
    assert.match(sentence, words, what);
    assert.notEqual(tone, 'good', what);
  }
});

test('of several, the worst is said', () => {
  const all = WORSE.toReversed().reduce<{ platform: Platform; incidents: { severity: 'critical' | 'warning'; title: string }[] }>(({ platform, incidents }, [what, change, more, words]) => {
    const next = {
      platform: { ...platform, ...change, health: change.health ? { ...platform.health, down: platform.health.down + change.health.down, slow: 1, unknown: 1 } : platform.health },
      incidents: [...more, ...incidents],
    };
    if (what !== 'a slow hostname') assert.match(verdictOf(next.platform, next.incidents).sentence, words, what);
    return next;
  }, { platform: well, incidents: [] });
  assert.equal(all.incidents.length, 2);
});

test('a cluster that starts is not called broken', () => {
  assert.equal(verdictOf({ ...well, containers: { starting: 2 } }, []).tone, 'busy');
});
