/** What is asked of a site, and what counts as well: the site's word, then its codebase's, then the platform's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Desired } from '../../src/domain/desired.ts';
import { HEALTH_DEFAULTS } from '../../src/domain/health-settings.ts';
import { healthCheckOf, judge, probeTarget, sweepTargets, targetOf } from '../../src/domain/probe.ts';

function desired(site: object, codebase: object | null, health: object = {}): Desired {
  const one = { id: 's1', phase: 'live', release: 'r1', settings: site };
  const hostname = (name: string, role: string) => [name, { hostname: name, site: 's1', role, phase: 'bound', https: 'allow' }] as const;
  return {
    epoch: 1, generation: 1, settings: { publicScheme: 'http', publicPort: 80, health },
    sites: new Map([['s1', one]]), hostnames: new Map([hostname('a.test', 'alias'), hostname('b.test', 'primary')]),
    releases: new Map([['r1', { id: 'r1', manifest: codebase && { health: codebase } }]]), databaseServers: new Map(),
  } as unknown as Desired;
}

test('each of path, statuses and threshold is the site’s own, else its codebase’s, else the platform’s', () => {
  const cases: [Desired, { path: string; statuses: number[]; slowMs: number }][] = [
    [desired({}, null), { path: '/', statuses: [200], slowMs: HEALTH_DEFAULTS.slowMs }],
    [desired({}, null, { slowMs: 70 }), { path: '/', statuses: [200], slowMs: 70 }],
    [desired({}, { path: '/up', statuses: [204] }, { slowMs: 70 }), { path: '/up', statuses: [204], slowMs: 70 }],
    [desired({ healthPath: null, slowMs: null }, { path: '/up', statuses: [204], slowMs: 80 }, { slowMs: 70 }), { path: '/up', statuses: [204], slowMs: 80 }],
    [desired({ healthPath: '/own', healthStatuses: [401], slowMs: 90 }, { path: '/up', statuses: [204], slowMs: 80 }), { path: '/own', statuses: [401], slowMs: 90 }],
  ];
  for (const [state, wanted] of cases) {
    assert.deepEqual(healthCheckOf(state, 's1'), wanted);
    assert.deepEqual(sweepTargets(state).map(({ health }) => health), [wanted, wanted]);
  }
});

test('a redirect that is allowed is well as long as it stays within the site', () => {
  const [alias] = sweepTargets(desired({ healthStatuses: [200, 302] }, null));
  const leads = (location: string | null) => judge('s1', alias!, alias!.health, { status: 302, site: 's1', location });
  for (const within of ['/en/', 'en/', 'http://a.test/en/', 'https://a.test:8443/', 'http://b.test/']) assert.equal(leads(within), null, within);
  for (const away of ['http://evil.test/', '//evil.test/', 'http://a.test.evil.test/', 'http://[', null]) assert.match(leads(away)!, /leads away/, String(away));
  assert.match(judge('s1', alias!, { path: '/', statuses: [200] }, { status: 302, site: 's1', location: '/en/' })!, /answered 302/);
});

test('a hostname is asked alike by a sweep, by itself and by a run: as its visitors come, https where it sends them there', () => {
  const state = desired({}, null);
  const rows = [...state.hostnames.values()].map((row) => ({ ...row, https: row.role === 'alias' ? 'redirect' as const : row.https }));
  const redirecting = { ...state, hostnames: new Map(rows.map((row) => [row.hostname, row])) };
  const swept = sweepTargets(redirecting);
  assert.deepEqual(swept.map(({ scheme, host, expect }) => [scheme, host, expect]), [['https', 'a.test', 'page'], ['http', 'b.test', 'page']]);
  for (const [i, row] of rows.entries()) {
    assert.deepEqual(targetOf(redirecting, row.hostname), swept[i]);
    const { site: _site, kind: _kind, health: _health, ...asked } = swept[i]!;
    assert.deepEqual(probeTarget(row, { phase: 'live', primary: 'b.test', settings: state.settings }), asked);
  }
});
