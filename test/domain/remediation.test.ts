/** Diagnosis, budget and ladder together, over random histories of faults: what must hold whatever happens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PastReplacement, REMEDIATION_DEFAULTS, type RemediationSettings } from '../../src/domain/budget.ts';
import { closingReason } from '../../src/domain/closing.ts';
import { judgeServer } from '../../src/domain/database-state.ts';
import { type Cell, diagnose, type Fault } from '../../src/domain/diagnosis.ts';
import { HEALTH_DEFAULTS } from '../../src/domain/health-settings.ts';
import { keyOf, type LeaseMemory, lookAtLeases, NO_MEMORY } from '../../src/domain/lease.ts';
import type { MemberFact } from '../../src/domain/member-faults.ts';
import { decide, type PastAct, remembersMs } from '../../src/domain/remediation.ts';
import { isSuspect, judged, type Standing, unheard } from '../../src/domain/verdict.ts';

/** Seconds of a look, of the simulation, and of what runs take. */
const LOOK = 6;
const HORIZON = 3_600;
const REGENERATING = 20;
const REPLACING = 40;
const START = 60;
/** Within it a site that was down everywhere is well again in each container; regenerating waits for that. */
const HEALS_WITHIN = 18;
/** Until a fault that goes on is in verdicts, though some of its probes say nothing. */
const SEEN_WITHIN = 150;
const WELL = { used: 1, most: 100, reserved: 3, holders: [], atLimit: [] };
const SITES = ['0', '1', '2', '3', '4'];
const SERVERS = new Map(SITES.map((site) => [site, 'local']));

/** `dies`: no lease and no answer. `breaks`: fails its sites until it is replaced. `hiccups`: until it is regenerated. */
interface FaultEvent {
  readonly at: number;
  readonly kind: 'dies' | 'breaks' | 'hiccups' | 'site fails' | 'database away' | 'platform away' | 'paused';
  readonly who: number;
  readonly lasts: number;
}

const event: fc.Arbitrary<FaultEvent> = fc.record({
  at: fc.integer({ min: START, max: HORIZON }), who: fc.nat(7), lasts: fc.integer({ min: 5, max: 1_800 }),
  kind: fc.constantFrom('dies', 'breaks', 'hiccups', 'site fails', 'database away', 'platform away', 'paused'),
});
const settings: fc.Arbitrary<RemediationSettings> = fc.record({
  mode: fc.constantFrom('auto', 'auto', 'approve', 'observe'), perHour: fc.integer({ min: 1, max: 6 }), floor: fc.integer({ min: 1, max: 3 }),
  breakerContainers: fc.constant(2), breakerPercent: fc.constantFrom(20, 50), cooldownMinutes: fc.integer({ min: 0, max: 10 }),
});
const history = fc.record({
  containers: fc.integer({ min: 1, max: 5 }), events: fc.array(event, { maxLength: 12 }), settings,
  /** Whether each replacement in turn works. */
  works: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
  /** What each person who is asked says in turn, and after how many seconds. */
  answers: fc.array(fc.record({ yes: fc.boolean(), after: fc.integer({ min: 1, max: 900 }) }), { minLength: 1, maxLength: 4 }),
  /** Shares: of probes that fail though all is well, that say nothing, and of verdicts that a look does not find. */
  noise: fc.record({ seed: fc.nat(), fails: fc.double({ min: 0, max: 0.05, noNaN: true }), silent: fc.double({ min: 0, max: 0.1, noNaN: true }), dropped: fc.double({ min: 0, max: 0.1, noNaN: true }) }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;
const QUIET = { seed: 1, fails: 0, silent: 0, dropped: 0 };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Box { readonly id: string; dead: boolean; broken: boolean; hiccup: boolean; unwellSince: number; readonly cells: Map<string, { standing: Standing; next: number }> }
interface Incident { readonly subject: string; readonly cause: string; open: boolean; approval: { decidesAt: number; yes: boolean; state: 'pending' | 'rejected' | 'approved' } | null }
interface Act extends Mutable<PastAct> { readonly incident: Incident; readonly box: Box }
interface Step { readonly act: Act; readonly fault: Fault; readonly wasWell: boolean; readonly ends: number; readonly replacement?: Mutable<PastReplacement> }

interface Report { replaced: { at: number; healthy: boolean; others: number; asked: boolean; state: string }[]; acts: { at: number; paused: boolean; asked: boolean }[]; lastAct: number; lowest: number }

/** The judge with a fake clock. What it sees follows from what is true by probes, some of them wrong or missing, and by hysteresis. */
function simulate({ containers, events, settings, works, answers, noise }: History): Report {
  const chance = random(noise.seed);
  const isUnwell = (box: Box) => box.dead || box.broken || box.hiccup;
  let next = 0;
  const launched = (now: number): Box => ({
    id: `c${next++}`, dead: false, broken: false, hiccup: false, unwellSince: 0,
    cells: new Map(SITES.map((site) => [site, { standing: unheard(now * 1_000), next: now + Math.floor(chance() * 30) }])) });
  let boxes = Array.from({ length: containers }, () => launched(0));
  let memory: LeaseMemory = NO_MEMORY;
  let people = 0;
  let hiddenUntil = 0;
  const incidents: Incident[] = [];
  const ledger: Act[] = [];
  const replacements: Mutable<PastReplacement>[] = [];
  let steps: Step[] = [];
  const report: Report = { replaced: [], acts: [], lastAct: 0, lowest: containers };

  for (let now = 0; now <= HORIZON; now += LOOK) {
    const goesOn = (kind: FaultEvent['kind']) => events.filter((each) => each.kind === kind && each.at <= now && now < each.at + each.lasts);
    for (const each of events.filter(({ at }) => at > now - LOOK && at <= now)) {
      const box = boxes[each.who % boxes.length]!;
      if (!isUnwell(box)) box.unwellSince = now;
      if (each.kind === 'dies') box.dead = true;
      if (each.kind === 'breaks') box.broken = true;
      if (each.kind === 'hiccups') box.hiccup = true;
    }
    const sitesDown = new Set(goesOn('site fails').map(({ who }) => SITES[who % SITES.length]!));
    const databaseAway = goesOn('database away').length > 0;
    if (goesOn('platform away').length > 0) hiddenUntil = now;
    const isDown = (site: string) => sitesDown.has(site) || databaseAway;
    /** Sites that were cured a moment ago, and when. */
    const cured = events.filter(({ kind, at, lasts }) => kind === 'site fails' && at + lasts <= now && now < at + lasts + HEALS_WITHIN)
      .map(({ who, at, lasts }) => ({ site: SITES[who % SITES.length]!, at: at + lasts }));
    /** Which container heals first, and which last. */
    const isDownIn = (box: Box, site: string) => isDown(site)
      || cured.some((each) => each.site === site && now < each.at + (Number(box.id.slice(1)) * 17 + Number(site) * 11) % HEALS_WITHIN);

    for (const { act, fault, wasWell, replacement } of steps.filter(({ ends }) => ends <= now)) {
      const { box } = act;
      act.at = now * 1_000;
      if (replacement) {
        const state = !act.incident.open ? 'superseded' : works[(replacements.length - 1) % works.length]! ? 'completed' : 'failed';
        Object.assign(replacement, { state, endedAt: now * 1_000 });
        // Given up, it is as if nothing had been done.
        if (state === 'superseded') ledger.splice(ledger.indexOf(act), 1);
        else act.result = state;
        report.replaced.find(({ at, state: before }) => before === 'running' && at * 1_000 === replacement.startedAt)!.state = state;
        // Surge first: the old one leaves once the new one serves.
        if (state === 'completed') boxes = [...boxes.filter((each) => each !== box), launched(now)];
      } else if (wasWell) act.result = 'recovered';
      else {
        const second = boxes.find((each) => each !== box && !isUnwell(each));
        if (second && fault.sites.length > 0 && fault.sites.every(isDown)) { act.result = 'elsewhere-too'; continue; }
        box.hiccup = false;
        // What fails in the second one too by then is not this one's.
        const isWell = !isUnwell(box) && fault.sites.every((site) => !isDownIn(box, site) || (second && isDownIn(second, site)));
        act.result = isWell ? 'recovered' : second ? 'persists' : 'unconfirmed';
      }
    }
    steps = steps.filter(({ ends }) => ends > now);
    report.lowest = Math.min(report.lowest, boxes.length);

    for (const box of boxes) for (const [site, cell] of box.cells) {
      if (box.dead || cell.next > now) continue;
      const bad = box.broken || box.hiccup || isDownIn(box, site);
      cell.standing = judged(cell.standing, chance() < noise.silent ? 'unknown' : bad || chance() < noise.fails ? 'bad' : 'well', now * 1_000, HEALTH_DEFAULTS);
      cell.next = now + (isSuspect(cell.standing) ? HEALTH_DEFAULTS.suspectSeconds : HEALTH_DEFAULTS.intervalSeconds);
    }
    // Without the platform's database no one looks, and no one renews a lease.
    if (goesOn('platform away').length > 0) { memory = NO_MEMORY; continue; }

    /** An edge holds one too, and a lease outlives its container by 15 s. */
    const leases = [{ id: 'edge', incarnation: 1, holds: true }, ...boxes.map(({ id, dead, unwellSince }) => ({ id, incarnation: 1, holds: !dead || now - unwellSince < 15 }))];
    const looked = lookAtLeases(memory, now * 1_000, leases);
    memory = looked.memory;
    const isCalm = leases.every(({ holds }) => holds) && boxes.every(({ cells }) => [...cells.values()].every(({ standing }) => standing.verdict !== 'down'));
    if (isCalm && steps.length === 0 && incidents.every(({ open }) => !open)) continue;

    const cells = boxes.flatMap((box) => [...box.cells].map(([site, { standing }]): Cell => ({
      hostname: site, site, container: box.id, verdict: chance() < noise.dropped ? 'unknown' : standing.verdict })));
    const members = leases.slice(1).map((each): MemberFact => ({ id: each.id, incarnation: 1, liveness: each.holds ? 'alive' : looked.lost.has(keyOf(each)) ? 'lost' : 'unknown' }));
    const diagnosis = diagnose({
      cells, members, edges: [], steady: looked.steady, databases: [judgeServer('local', databaseAway ? 'silent' : WELL)], settling: new Set(), serverOf: SERVERS }, settings);
    const isBroken = (id: string) => diagnosis.faults.some((fault) => fault.domain === 'container' && fault.container === id);
    const paused = goesOn('paused').length > 0;
    const facts = { now: now * 1_000, settings, paused, breaker: diagnosis.breaker, min: 0, replacements,
      members: members.map(({ id, liveness }) => ({ id, healthy: liveness === 'alive' && !isBroken(id) && diagnosis.known.has(`container:${id}`) })) };
    const begin = (action: Act['action'], fault: Fault, incident: Incident, asked: boolean) => {
      const box = boxes.find(({ id }) => id === fault.container)!;
      const act: Act = { action, result: null, at: now * 1_000, incident, box };
      ledger.push(act);
      report.acts.push({ at: now, paused, asked });
      report.lastAct = now;
      const wasWell = !isUnwell(box) && !fault.sites.some((site) => isDownIn(box, site));
      if (action === 'regenerate') { steps.push({ act, fault, wasWell, ends: now + REGENERATING }); return; }
      // While nobody looks nothing shows.
      const isSick = (other: Box) => isUnwell(other) && now - Math.max(other.unwellSince, hiddenUntil) > SEEN_WITHIN;
      report.replaced.push({ at: now, healthy: !isUnwell(box), asked, state: 'running', others: boxes.filter((other) => other !== box && !isSick(other)).length });
      const replacement: Mutable<PastReplacement> = { container: box.id, incarnation: 1, state: 'running', startedAt: now * 1_000, endedAt: null };
      replacements.push(replacement);
      steps.push({ act, fault, wasWell, replacement, ends: now + REPLACING });
    };
    for (const fault of diagnosis.faults) {
      const open = incidents.find((each) => each.open && each.subject === fault.subject && each.cause === fault.cause);
      const one = open ?? { subject: fault.subject, cause: fault.cause, open: true, approval: null };
      if (!open) incidents.push(one);
      const { approval } = one;
      if (approval?.state === 'pending' && approval.decidesAt <= now) {
        approval.state = approval.yes ? 'approved' : 'rejected';
        const busy = steps.some(({ act, replacement }) => replacement || act.box.id === fault.container);
        if (approval.yes && !busy) begin('replace', fault, one, true);
      }
      const past = ledger.filter(({ incident: of, box, result, at }) => box.id === fault.container && of.cause === fault.cause
        && (of === one || result === null || now * 1_000 - at < remembersMs(settings))).map((act): PastAct => ({ ...act, earlier: act.incident !== one }));
      if (past.some(({ result }) => result === null)) continue;
      const { action, decision } = decide(fault, { ...facts, past, approval: approval?.state === 'approved' ? null : approval?.state ?? null });
      if (decision === 'awaiting-approval' && !one.approval) {
        const { yes, after } = answers[people++ % answers.length]!;
        one.approval = { decidesAt: now + after, yes, state: 'pending' };
      }
      if (decision === 'acted' && action !== 'none' && !steps.some(({ act }) => act.box.id === fault.container)) begin(action, fault, one, false);
    }
    const living = members.filter(({ liveness }) => liveness === 'alive');
    const closing = {
      diagnosis, standstill: { going: new Set<string>() }, allAlive: living.length === members.length, mostAlive: living.length * 2 >= members.length,
      allCertain: members.every(({ liveness }) => liveness !== 'unknown'), allKnown: living.length > 0 && living.every(({ id }) => diagnosis.known.has(`container:${id}`)), alive: new Set(living.map(({ id }) => `container:${id}`)),
      gone: new Set(incidents.map(({ subject }) => subject).filter((subject) => subject.startsWith('container:') && !boxes.some(({ id }) => subject === `container:${id}`))),
    };
    for (const incident of incidents) if (incident.open && closingReason(incident, closing) !== null) incident.open = false;
  }
  return report;
}

/** mulberry32: the same numbers from the same seed. */
function random(seed: number): () => number {
  let at = seed;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), at | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const RUNS = 600;
for (const seed of [20_261_124, 1, 2, 3]) {
  test(`over ${RUNS} histories from seed ${seed}: no healthy container is replaced, the floor holds, and it ends`, () => {
    fc.assert(fc.property(history, (each) => {
      const { replaced, lowest, acts } = simulate(each);
      const { floor, perHour, cooldownMinutes, mode } = each.settings;
      assert.equal(lowest, each.containers, 'there were never fewer containers');
      if (mode === 'observe') assert.deepEqual(acts, [], 'it only says what it would do');
      assert.ok(acts.every(({ paused, asked }) => asked || !paused), 'nothing is begun while it is paused, but what a person asked for');
      for (const [i, { healthy, others, at, asked }] of replaced.entries()) {
        assert.equal(healthy, false, 'what is replaced was not well');
        assert.equal(asked, mode === 'approve', 'whoever is to be asked was asked');
        if (asked) continue;
        assert.ok(others >= Math.max(floor, each.containers - 1), `${others} others are well at ${at} s`);
        assert.ok(replaced.filter((other) => other.at <= at && other.at > at - 3_600).length <= perHour, 'within the budget of an hour');
        const before = replaced.slice(0, i).findLast(({ state }) => state !== 'superseded');
        if (before) assert.ok(at - before.at >= REPLACING + cooldownMinutes * 60, 'one at a time, and cooled down');
        assert.notEqual(before?.state, 'failed', 'one that failed is the last within the hour');
      }
      // A container, its sites alone: each regenerates at most once a minute and a half while it flaps, and then no more.
      assert.ok(acts.length <= 4 * (1 + SITES.length) * (each.containers + replaced.length), `${acts.length} acts`);
    }), { numRuns: RUNS, seed, endOnFailure: true });
  });
}

const calm = { works: [true], answers: [{ yes: true, after: 60 }], noise: QUIET, settings: REMEDIATION_DEFAULTS };

test('a single dead container among well ones is replaced, and then there is peace', () => {
  const { replaced, lastAct } = simulate({ ...calm, containers: 3, events: [{ at: 120, kind: 'dies', who: 0, lasts: 5 }] });
  assert.equal(replaced.length, 1);
  assert.ok(lastAct - 120 <= 30, `${lastAct - 120} s`);
});

test('a replacement that fails is not tried again', () => {
  assert.equal(simulate({ ...calm, containers: 3, works: [false], events: [{ at: 120, kind: 'breaks', who: 0, lasts: 5 }] }).replaced.length, 1);
});

test('fault 14: one that hiccups again and again is regenerated first, and then replaced', () => {
  const events = Array.from({ length: 12 }, (_, i): FaultEvent => ({ at: 120 + i * 270, kind: 'hiccups', who: 0, lasts: 5 }));
  const { acts, replaced } = simulate({ ...calm, containers: 3, events, settings: { ...REMEDIATION_DEFAULTS, cooldownMinutes: 3 } });
  assert.ok(replaced.length >= 1);
  assert.ok(acts.filter(({ at }) => at < replaced[0]!.at).length >= 3, 'after the mild means had helped for a while only');
});

test('in mode approve a person is asked; a pause holds what is not asked for', () => {
  const breaks: FaultEvent = { at: 120, kind: 'breaks', who: 0, lasts: 5 };
  const approve = { ...calm, containers: 3, settings: { ...REMEDIATION_DEFAULTS, mode: 'approve' as const } };
  assert.deepEqual(simulate({ ...approve, events: [breaks] }).replaced.map(({ asked }) => asked), [true]);
  assert.deepEqual(simulate({ ...approve, answers: [{ yes: false, after: 60 }], events: [breaks] }).replaced, []);
  assert.deepEqual(simulate({ ...calm, containers: 3, events: [breaks, { at: 60, kind: 'paused', who: 0, lasts: 3_600 }] }).acts, []);
});

test('a database that is away, or a platform that is, replaces nothing', () => {
  for (const kind of ['database away', 'platform away', 'site fails'] as const) {
    assert.deepEqual(simulate({ ...calm, containers: 3, events: [{ at: 120, kind, who: 0, lasts: 1_200 }] }).replaced, []);
  }
});
