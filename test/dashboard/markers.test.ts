import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from '../../src/dashboard/pages/site/chart.ts';
import { markersOf } from '../../src/dashboard/pages/site/markers.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 25, 3, minute)).toISOString();
const seconds = (minute: number) => Date.parse(at(minute)) / 1_000;
const actor = { kind: 'user', id: 'u012345678', name: 'Ada' } as const;
const from = new Date(at(10));

test('each change of the site is marked with its generation, and leads to its run or to the event', () => {
  const markers = markersOf({
    from, containers: [], runs: [],
    events: [
      { id: 1842, type: 'site.updated', at: at(30), actor, metadata: { site: 's012345678', fields: ['settings'] } },
      { id: 1841, type: 'hostname.bound', at: at(20), actor, metadata: { site: 's012345678', hostname: 'www.example.org', run: 'w012345678' } },
      { id: 1840, type: 'site.updated', at: at(9), actor, metadata: { site: 's012345678' } },
    ],
  });
  assert.deepEqual(markers, [
    { at: seconds(20), kind: 'change', label: 'Hostname bound, generation 1,841', href: '/runs/w012345678' },
    { at: seconds(30), kind: 'change', label: 'Site updated, generation 1,842', href: '/events?site=s012345678&type=site.updated' },
  ]);
});

test('a container that starts, starts again, or is made anew is marked; an edge, and what was before, is not', () => {
  const markers = markersOf({
    from, events: [],
    containers: [
      { id: 'c000000001', role: 'site', incarnation: 1, startedAt: at(15) }, { id: 'c000000002', role: 'site', incarnation: 3, startedAt: at(40) },
      { id: 'c000000003', role: 'edge', incarnation: 1, startedAt: at(41) }, { id: 'c000000004', role: 'site', incarnation: 1, startedAt: at(5) },
    ],
    runs: [
      { id: 'w000000001', type: 'regenerateContainer', subject: 'container:c000000001', claimedAt: at(20) },
      { id: 'w000000002', type: 'replaceContainer', subject: 'container:c000000001', claimedAt: null },
    ],
  });
  assert.deepEqual(markers.map(({ at, kind, label, href }) => [at, kind, label, href]), [
    [seconds(15), 'container', 'c000000001 started', '/containers/c000000001'],
    [seconds(20), 'container', 'Regenerate container c000000001', '/runs/w000000001'],
    [seconds(40), 'container', 'c000000002 started again', '/containers/c000000002'],
  ]);
});

test('containers that were swept at other times share one axis; where one was not, its line has a gap', () => {
  const point = (container: string, minute: number, latency: number, failures = 0) => ({
    at: at(minute), container, probes: 1, failures, verdict: null, status: null, latencyP50: latency, latencyP95: latency * 2, latencyMax: latency * 3,
  });
  const { times, lines, measure } = linesOf({ step: '5m', points: [point('c2', 10, 7), point('c1', 10, 5), point('c1', 15, 6, 1)] });
  assert.deepEqual(times, [seconds(10), seconds(15)]);
  assert.deepEqual(lines, [{ container: 'c1', latency: [10, 12], failed: [false, true] }, { container: 'c2', latency: [14, null], failed: [false, false] }]);
  assert.equal(measure, 'Latency, 95 %');
});
