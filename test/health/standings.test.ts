/** What an agent remembers of hostnames: of those that it asks today, and of no others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStandings } from '../../src/agent/sweep/standings.ts';
import type { LatestProbe } from '../../src/database/health/store.ts';
import type { SweepTarget } from '../../src/domain/probe.ts';
import type { Verdict } from '../../src/domain/verdict.ts';

const [ONE, TWO] = ['s000000001', 's000000002'];
const target = (hostname: string, site = ONE) => ({ hostname, site }) as SweepTarget;
const stored = (hostname: string, verdict: Verdict): LatestProbe => ({
  hostname, site: ONE, kind: 'deep', status: 200, ms: 3, answeredBy: ONE, reason: null, at: 1_000,
  standing: { verdict, since: 1_000, failures: 0, firstFailedAt: null, successes: 0 },
});

test('what was stored of a hostname that has gone since, or is another site’s, is not taken over, and counts for nothing', () => {
  const standings = createStandings();
  standings.keepOnly([target('here.test'), target('moved.test', TWO), target('new.test')]);
  standings.recall([stored('here.test', 'up'), stored('moved.test', 'down'), stored('gone.test', 'down')]);
  assert.deepEqual(standings.counts(), { up: 1, slow: 0, down: 0, unknown: 2 });
  assert.equal(standings.get('gone.test'), undefined);
  assert.equal(standings.get('moved.test'), undefined);
});

test('a hostname that is no target any more is forgotten with the next look at them', () => {
  const standings = createStandings();
  standings.keepOnly([target('here.test'), target('goes.test')]);
  standings.recall([stored('here.test', 'up'), stored('goes.test', 'down')]);
  assert.deepEqual(standings.counts(), { up: 1, slow: 0, down: 1, unknown: 0 });
  standings.keepOnly([target('here.test')]);
  assert.deepEqual(standings.counts(), { up: 1, slow: 0, down: 0, unknown: 0 });
  assert.equal(standings.get('goes.test'), undefined);
});
