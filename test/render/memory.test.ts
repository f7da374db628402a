/** The renderer's memory changes what a pass costs, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Desired, HostnameDesired, SiteDesired } from '../../src/domain/desired.ts';
import type { SiteId } from '../../src/domain/id.ts';
import { createDesiredDigest } from '../../src/render/changes.ts';
import { createContainerRenderer, type Kept, type Rendered } from '../../src/render/container.ts';
import { createEdgeRenderer } from '../../src/render/edge.ts';
import type { Remembered } from '../../src/render/remembered.ts';
import { readSiteLines } from '../../src/render/site-line.ts';
import { wholeVassal } from '../../src/render/vassal.ts';
import { desired, hostname, layout, many, release, releaseId, site, siteId, sitesKey } from './fixture.ts';

const l = layout('/srv/c');
const number = fc.integer({ min: 1, max: 4 });
const phase = fc.constantFrom<SiteDesired['phase']>('live', 'live', 'live', 'suspended', 'deleted', 'creating');
const state: fc.Arbitrary<{ desired: Desired; quarantined: Map<SiteId, Kept> }> = fc.record({
  sites: fc.uniqueArray(fc.record({ n: number, phase, harakiri: fc.constantFrom(30, 40), release: fc.integer({ min: 1, max: 3 }) }), { selector: ({ n }) => n }),
  hostnames: fc.uniqueArray(fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), n: number, role: fc.constantFrom<HostnameDesired['role']>('primary', 'alias', 'redirect'),
    https: fc.constantFrom<HostnameDesired['https']>('allow', 'redirect'), phase: fc.constantFrom<HostnameDesired['phase']>('bound', 'bound', 'reserved'),
  }), { selector: ({ name }) => name }),
  releases: fc.uniqueArray(fc.record({ n: fc.integer({ min: 1, max: 3 }), url: fc.constantFrom('/static/', '/s/') }), { selector: ({ n }) => n }),
  publicPort: fc.constantFrom(80, 8080),
  quarantined: fc.uniqueArray(number),
}).map((parts) => ({
  desired: desired({
    sites: parts.sites.map(({ n, phase: p, harakiri, release: r }) => site(n, {
      phase: p, release: releaseId(r), settings: { processes: 1, threads: 1, harakiri, memory: 1024, connections: 5 },
    })),
    hostnames: parts.hostnames.map(({ name, n, ...row }) => hostname(`${name}.example.org`, n, row)),
    releases: parts.releases.map(({ n, url }) => release(n, { static: { url } })),
    settings: { publicPort: parts.publicPort },
  }),
  quarantined: new Map(parts.quarantined.map((n) => [siteId(n), { line: null, vassal: null }])),
}));

const wholeVassals = ({ vassals }: Rendered) => new Map([...vassals].map(([id, vassal]) => [id, wholeVassal(vassal)]));

test('after a restart the files are the same, whatever changed between what was remembered and now', () => {
  fc.assert(fc.property(state, state, (then, now) => {
    const before = createContainerRenderer(l, { sitesKey });
    before.render(then.desired, then.quarantined);
    const remembered = JSON.parse(JSON.stringify(before.remember(then.desired))) as Remembered;
    const desired = structuredClone(now.desired);
    const touched = { sites: differing(then.desired.sites, desired.sites), hostnames: differing(then.desired.hostnames, desired.hostnames) };
    const again = createContainerRenderer(l, { sitesKey }, { remembered, touched });
    const fresh = createContainerRenderer(l, { sitesKey });
    // And as good a memory for what comes then.
    for (const step of [{ ...now, desired }, then, now]) {
      const [one, other] = [again.render(step.desired, step.quarantined), fresh.render(step.desired, step.quarantined)];
      assert.deepEqual(one.nginx, other.nginx);
      assert.deepEqual(wholeVassals(one), wholeVassals(other));
      assert.deepEqual(one.digests, other.digests);
      assert.deepEqual(new Map(one.lines), new Map(other.lines));
      assert.deepEqual(new Set(one.failures.map((f) => JSON.stringify(f))), new Set(other.failures.map((f) => JSON.stringify(f))));
    }
  }), { numRuns: 300 });
});

function differing<Row>(a: ReadonlyMap<string, Row>, b: ReadonlyMap<string, Row>): Set<string> {
  return new Set([...a.keys(), ...b.keys()].filter((key) => JSON.stringify(a.get(key)) !== JSON.stringify(b.get(key))));
}

test('after any history the files are those of a renderer that never saw it', () => {
  fc.assert(fc.property(fc.array(state, { minLength: 1, maxLength: 6 }), (history) => {
    const renderer = createContainerRenderer(l, { sitesKey });
    const edge = createEdgeRenderer(l);
    for (const step of history) {
      const remembered = renderer.render(step.desired, step.quarantined);
      const fresh = createContainerRenderer(l, { sitesKey }).render(structuredClone(step.desired), step.quarantined);
      assert.deepEqual(remembered.nginx, fresh.nginx);
      assert.deepEqual(wholeVassals(remembered), wholeVassals(fresh));
      assert.deepEqual(new Map(remembered.lines), new Map(fresh.lines));
      assert.deepEqual(remembered.digests, fresh.digests);
      assert.deepEqual(new Set(remembered.failures.map((f) => JSON.stringify(f))), new Set(fresh.failures.map((f) => JSON.stringify(f))));
      assert.deepEqual(readSiteLines(remembered.nginx.get('sites.conf')!), new Map(remembered.lines));
      assert.deepEqual(edge.render(step.desired, []), createEdgeRenderer(l).render(step.desired, []));
    }
  }), { numRuns: 150 });
});

test('a hostname that moves from one site to another is always the newer one’s', () => {
  for (const [from, to] of [[1, 2], [2, 1]] as const) {
    const renderer = createContainerRenderer(l, { sitesKey });
    const at = (n: number) => desired({ sites: [site(1), site(2)], hostnames: [hostname('moving.test', n)] });
    renderer.render(at(from), new Map());
    assert.match(renderer.render(at(to), new Map()).nginx.get('hostnames.conf')!, new RegExp(`^moving.test "${siteId(to)} `));
    // Not even a quarantine keeps it.
    const held = renderer.render(at(from), new Map([[siteId(from), { line: null, vassal: null }], [siteId(to), { line: null, vassal: null }]]));
    assert.match(held.nginx.get('hostnames.conf')!, new RegExp(`^moving.test "${siteId(from)} `));
  }
});

test('a quarantined site keeps its last good line and vassal, until it is suspended or deleted', () => {
  const renderer = createContainerRenderer(l, { sitesKey });
  const at = (row: Partial<SiteDesired>) => desired({ sites: [site(1, row)], hostnames: [hostname('a.test', 1)] });
  const good = renderer.render(at({}), new Map());
  const kept: Kept = { line: good.lines.get(siteId(1))!, vassal: good.vassals.get(siteId(1))! };
  const held = new Map([[siteId(1), kept]]);
  const bad = { rev: 2, release: releaseId(7), settings: { processes: 1, threads: 1, harakiri: 500, memory: 1024, connections: 5 } };
  assert.match(renderer.render(at(bad), new Map()).failures[0]!.reason, /the release cannot be "r000000007": there is none/);
  const again = renderer.render(at(bad), held);
  assert.deepEqual(again.failures, []);
  assert.equal(again.digests.nginx, good.digests.nginx);
  assert.equal(again.digests.files, good.digests.files);
  assert.equal(again.vassals.get(siteId(1)), kept.vassal);
  assert.match(renderer.render(at({ ...bad, phase: 'suspended' }), held).lines.get(siteId(1))!, /suspended/);
  assert.equal(renderer.render(at({ ...bad, phase: 'deleted' }), held).lines.size, 0);
});

test('a line that nginx would find too long is its own site’s trouble', () => {
  const long = release(2, { media: { url: '/media/', private: Array.from({ length: 60 }, (_, n) => `${'d'.repeat(90)}${n}/`) } });
  const state = desired({ releases: [release(1), long], sites: [site(1), site(2, { release: long.id })] });
  const { failures, lines } = createContainerRenderer(layout('/r'), { sitesKey }).render(state, new Map());
  assert.deepEqual([failures.map(({ site: bad }) => bad), [...lines.keys()]], [[siteId(2)], [siteId(1)]]);
});

test('equal states have one digest, whatever the order of rows and keys; a changed one has another', () => {
  const digest = createDesiredDigest();
  const one = many(20);
  const reversed = { ...one, sites: new Map([...one.sites].toReversed().map(([id, row]) => [id, Object.fromEntries(Object.entries(row).toReversed()) as never])) };
  assert.equal(digest(one), createDesiredDigest()(reversed));
  assert.equal(digest({ ...one, generation: 7 }), digest(one));
  const other = { ...one, sites: new Map([...one.sites, [siteId(3), site(3, { name: 'other' })]]) };
  assert.notEqual(digest(other), createDesiredDigest()(one));
  assert.equal(digest(other), createDesiredDigest()(other));
  assert.equal(digest(one), createDesiredDigest()(one));
  const fewer = { ...one, hostnames: new Map([...one.hostnames].slice(1)) };
  assert.equal(digest(fewer), createDesiredDigest()(fewer));
});

test('what did not change is the same object: a change of one site is no work for the others', () => {
  const renderer = createContainerRenderer(l, { sitesKey });
  const state1 = many(50);
  const before = renderer.render(state1, new Map());
  const after = renderer.render({ ...state1, generation: 2, sites: new Map([...state1.sites, [siteId(7), site(7, { secretVersion: 2, rev: 60 })]]) }, new Map());
  for (const [id, vassal] of after.vassals) assert.equal(vassal === before.vassals.get(id), id !== siteId(7));
  for (const name of ['nginx.conf', 'routing.conf', 'hostnames.conf', 'sites.conf']) assert.equal(after.nginx.get(name), before.nginx.get(name));
  assert.equal(after.digests.nginx, before.digests.nginx);
  assert.notEqual(after.digests.files, before.digests.files);
  assert.match(after.nginx.get('generation.conf')!, /"generation":2/);
});
