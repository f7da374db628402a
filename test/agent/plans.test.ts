/** The pure planners, by property. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noted, usableMembers } from '../../src/agent/edge/usable.ts';
import { findBad, isTooMany } from '../../src/agent/nginx/bisect.ts';
import { addedLines } from '../../src/agent/nginx/test.ts';
import { accept } from '../../src/agent/reconcile/accept.ts';
import { judge } from '../../src/agent/probe.ts';
import { applyDeltas, difference, fromWhole, toWhole } from '../../src/agent/state/delta.ts';
import { planVassals, VASSAL_POLICY, type VassalView } from '../../src/agent/vassals/plan.ts';
import { encodeRequest } from '../../src/agent/vassals/uwsgi-protocol.ts';
import type { Desired, HostnameDesired, Member, PlatformSettings, SiteDesired } from '../../src/domain/desired.ts';

const SETTINGS = { baseDomain: 'test', publicScheme: 'http', publicPort: 80 } as PlatformSettings;

const rowsOf = (names: readonly string[], rev: number) => new Map(names.map((name) => [name, { id: name, hostname: name, rev } as never]));
const state = (generation: number, sites: readonly string[], hostnames: readonly string[], epoch = 1): Desired => ({
  epoch, generation, settings: SETTINGS, releases: new Map(), databaseServers: new Map(),
  sites: rowsOf(sites, generation) as Map<string, SiteDesired>, hostnames: rowsOf(hostnames, generation) as Map<string, HostnameDesired>,
});
const names = fc.uniqueArray(fc.stringMatching(/^[a-d]{1,2}$/), { maxLength: 8 });

test('whatever is read, only a newer state is accepted, and nothing is lost without its tombstone', () => {
  fc.assert(fc.property(fc.nat(5), fc.nat(5), names, names, names, (g1, g2, before, after, dead) => {
    const current = state(g1, before, before);
    const tombstones = { sites: new Set(dead), hostnames: new Set(dead) };
    const result = accept(current, { desired: state(g2, after, after), tombstones });
    const lost = before.filter((name) => !after.includes(name) && !dead.includes(name));
    if (g2 < g1) assert.equal(result.accepted, false);
    if (g2 > g1) assert.equal(result.accepted, lost.length === 0);
    if (g2 === g1) assert.equal(result.accepted, [...before].sort().join() === [...after].sort().join());
  }));
});

test('a newer epoch is newer whatever its generation, and an empty first state is accepted', () => {
  assert.ok(accept(state(9, ['a'], ['a']), { desired: state(1, ['a'], ['a'], 2), tombstones: { sites: new Set(), hostnames: new Set() } }).accepted);
  assert.ok(accept(null, { desired: state(0, [], []), tombstones: { sites: new Set(), hostnames: new Set() } }).accepted);
});

test('the differences kept in the log give the state back', () => {
  fc.assert(fc.property(fc.array(names, { minLength: 1, maxLength: 6 }), (steps) => {
    const states = steps.map((some, i) => state(i, some, some));
    const deltas = states.slice(1).map((next, i) => JSON.parse(JSON.stringify(difference(states[i]!, next))));
    const back = applyDeltas(fromWhole(JSON.parse(JSON.stringify(toWhole(states[0]!)))), deltas);
    assert.deepEqual([...back.sites.keys()].sort(), [...states.at(-1)!.sites.keys()].sort());
    assert.equal(back.generation, states.at(-1)!.generation);
  }));
});

test('the lines to test are exactly the new ones', () => {
  const lines = fc.uniqueArray(fc.stringMatching(/^[ab]{0,3}x;$/), { maxLength: 12 });
  const text = (some: readonly string[]) => some.map((line) => `${line}\n`).join('');
  fc.assert(fc.property(lines, lines, (before, after) => {
    const [a, b] = [[...before].sort(), [...after].sort()];
    const expected = b.filter((line) => !a.includes(line));
    const found = addedLines(text(a), text(b)).split('\n').filter(Boolean);
    // One that was there already may be tested once more; a new one is never left out.
    for (const line of expected) assert.ok(found.includes(line));
    for (const line of found) assert.ok(b.includes(line));
  }));
});

test('bisecting finds exactly the bad ones, and none when the fault lies elsewhere', async () => {
  await fc.assert(fc.asyncProperty(fc.uniqueArray(fc.nat(40), { maxLength: 20 }), fc.uniqueArray(fc.nat(40), { maxLength: 4 }), fc.boolean(), async (all, bad, broken) => {
    const found = await findBad(all, async (subset) => !broken && !subset.some((one) => bad.includes(one)));
    assert.deepEqual([...found].sort(), broken ? [] : all.filter((one) => bad.includes(one)).sort());
  }));
  assert.equal(isTooMany(1, 1), false);
  assert.equal(isTooMany(2, 30), true);
  assert.equal(isTooMany(5, 100), false);
});

/** Carries steps out on a model of the disk and the emperor, so that the plan's own course can be watched. */
function world(site: string, wanted: string | null, start: string | null) {
  const inis = new Map<string, number>(start ? [[start, 0]] : []);
  let link: VassalView['link'] = start ? { digest: start, since: 0 } : null;
  const accepting = new Set<string>(start ? [start] : []);
  return {
    view: (now: number, answers: boolean): VassalView => ({
      site, wanted, inis, link, answer: wanted !== null && accepting.has(wanted) && answers ? 'well' : null,
      seen: wanted === null || !inis.has(wanted) ? new Map() : new Map([[wanted, { pid: 9, accepting: accepting.has(wanted), startedAt: 0, deaths: 0 }]]), ...{ now },
    }),
    accept: () => void (wanted !== null && inis.has(wanted) && accepting.add(wanted)),
    do(step: ReturnType<typeof planVassals>['steps'][number], now: number) {
      if (step.do === 'start') inis.set(step.digest, now);
      if (step.do === 'switch') link = { digest: step.digest, since: now };
      if (step.do === 'unlink') link = null;
      if (step.do === 'stop') { inis.delete(step.digest); accepting.delete(step.digest); }
    },
    serving: () => link !== null && inis.has(link.digest) && accepting.has(link.digest),
    get link() { return link; },
    get inis() { return inis; },
  };
}

test('a replacement never leaves a site without a vassal that takes requests, and ends with the wanted one alone', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 30 }), (course) => {
    const one = world('s1', 'new', 'old');
    let now = 10_000;
    for (const [accepts, answers] of [...course, ...Array.from({ length: 12 }, () => [true, true] as const)]) {
      if (accepts) one.accept();
      const { steps } = planVassals([one.view(now, answers)], VASSAL_POLICY, now);
      for (const step of steps) one.do(step, now);
      assert.ok(one.serving(), 'somebody takes requests');
      now += 700;
    }
    assert.equal(one.link?.digest, 'new');
    assert.deepEqual([...one.inis.keys()], ['new']);
  }));
});

test('no more than the pace start at once, however many wait', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 }), (pace, waiting, begun) => {
    const view = (i: number, inis: Map<string, number>): VassalView =>
      ({ site: `s${i}`, wanted: 'd', inis, link: null, seen: new Map([...inis.keys()].map((digest) => [digest, { pid: 1, accepting: false, startedAt: 0, deaths: 0 }])), answer: null });
    const views = [
      ...Array.from({ length: begun }, (_, i) => view(i, new Map([['d', 1_000]]))),
      ...Array.from({ length: waiting }, (_, i) => view(100 + i, new Map())),
    ];
    const { steps } = planVassals(views, { ...VASSAL_POLICY, pace }, 1_500);
    assert.equal(steps.filter(({ do: what }) => what === 'start').length, Math.min(waiting, Math.max(0, pace - begun)));
  }));
});

test('a site that went and came back waits until its dying vassal of that name has ended', () => {
  const back = (seen: VassalView['seen']): VassalView => ({ site: 's1', wanted: 'd', inis: new Map(), link: null, seen, answer: null });
  assert.deepEqual(planVassals([back(new Map([['d', { pid: 9, accepting: true, startedAt: 0, deaths: 0 }]]))], VASSAL_POLICY, 1).steps, []);
  assert.equal(planVassals([back(new Map())], VASSAL_POLICY, 1).steps[0]?.do, 'start');
});

test('without the emperor’s word nothing is failed, stopped or switched', () => {
  const base = { site: 's1', wanted: 'new', inis: new Map([['old', 0], ['new', 0]]), link: { digest: 'old', since: 0 }, seen: null, answer: null };
  assert.deepEqual(planVassals([base], VASSAL_POLICY, 10_000_000).steps, []);
});

test('members: two failures take one out, one success brings it back, and when nobody answers all stay', () => {
  const members: Member[] = ['a', 'b', 'c'].map((id) => ({ id, incarnation: 1, address: '127.0.0.1', port: 1 }));
  const ids = (some: readonly Member[]) => some.map(({ id }) => id).join('');
  const key = ({ id, incarnation, address, port }: Member) => `${id}/${incarnation}/${address}:${port}`;
  const all = members.map(key);
  let checks = noted(members, new Map(), new Set(all.slice(1)));
  assert.equal(ids(usableMembers(members, checks)), 'abc');
  checks = noted(members, checks, new Set(all.slice(1)));
  assert.equal(ids(usableMembers(members, checks)), 'bc');
  checks = noted(members, checks, new Set(all));
  assert.equal(ids(usableMembers(members, checks)), 'abc');
  for (let i = 0; i < 5; i++) checks = noted(members, checks, new Set());
  assert.equal(ids(usableMembers(members, checks)), 'abc');
});

test('a probe is well only from the right site, with the right status or target', () => {
  const health = { path: '/health/', statuses: [200] };
  const answer = { status: 200, site: 's1', location: null, page: null };
  const page = { hostname: 'a.test', expect: 'page' as const };
  assert.equal(judge('s1', page, health, answer), null);
  assert.match(judge('s2', page, health, answer)!, /s1 answered instead/);
  assert.match(judge('s1', page, health, { ...answer, status: 500 })!, /500/);
  const redirect = { hostname: 'b.test', expect: 'redirect' as const, target: 'http://a.test' };
  assert.equal(judge('s1', redirect, health, { ...answer, status: 301, location: 'http://a.test/health/' }), null);
  assert.match(judge('s1', redirect, health, { ...answer, status: 301, location: 'http://evil.test/health/' })!, /evil/);
  assert.equal(judge('s1', { hostname: 'a.test', expect: 'maintenance' }, health, { ...answer, status: 503 }), null);
});

test('a uwsgi packet says how long it is, and what it cannot hold it refuses', () => {
  const packet = encodeRequest({ A: 'ä', B: '' });
  assert.equal(packet.readUInt16LE(1), packet.length - 4);
  assert.equal(packet.toString('hex'), `00${'0c00'}00${'0100'}41${'0200'}c3a4${'0100'}42${'0000'}`);
  assert.throws(() => encodeRequest({ A: 'x'.repeat(70_000) }), RangeError);
});
