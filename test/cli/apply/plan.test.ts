import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { drawStep, shownPlan } from '../../../src/cli/apply/draw.ts';
import type { Actual, ActualHostname, ActualSite, Step, Wanted, WantedSite } from '../../../src/cli/apply/model.ts';
import { planApply } from '../../../src/cli/apply/plan.ts';
import { applied } from './applied.ts';

const NOTHING: Wanted = { settings: {}, sites: [], absent: { sites: [], hostnames: [] } };
const EMPTY: Actual = { settings: { baseDomain: 'localhost' }, sites: [], hostnames: [] };

const wantedSite = (name: string, more: Partial<WantedSite> = {}): WantedSite => ({ name, settings: {}, env: [], hostnames: [], ...more });
const site = (name: string, more: Partial<ActualSite> = {}): ActualSite =>
  ({ name, phase: 'live', release: 'r1', owner: null, store: 'directory', settings: { processes: 2 }, env: [], ...more });
const host = (hostname: string, of: string, role: ActualHostname['role'] = 'alias'): ActualHostname => ({ hostname, site: of, role, https: 'allow', bound: true });
const kinds = (steps: readonly Step[]) => steps.map((step) => step.kind);

describe('a plan', () => {
  test('makes a site with its variables, and binds its hostnames after', () => {
    const wanted = { ...NOTHING, sites: [wantedSite('alpha', { env: ['A'], hostnames: [{ hostname: 'a.example.org', role: 'alias' }] })] };
    const { steps } = planApply(wanted, EMPTY);
    assert.deepEqual(kinds(steps), ['createSite', 'bindHostname']);
    assert.deepEqual(steps[0], { kind: 'createSite', site: 'alpha', settings: {}, env: ['A'] });
  });

  test('a store is chosen with the site, and never another one', () => {
    const wanted = (store: 'directory' | 's3') => ({ ...NOTHING, sites: [wantedSite('alpha', { store })] });
    assert.deepEqual(planApply(wanted('s3'), EMPTY).steps, [{ kind: 'createSite', site: 'alpha', settings: {}, store: 's3' }]);
    const actual = { ...EMPTY, sites: [site('alpha', { store: 's3' })] };
    assert.deepEqual(planApply(wanted('s3'), actual), { steps: [], problems: [] });
    assert.deepEqual(planApply(wanted('directory'), actual).problems, ['the files of alpha are in a store of kind s3, and stay there; it cannot become directory']);
  });

  test('takes nothing away that the file does not mention', () => {
    const actual = { ...EMPTY, sites: [site('alpha'), site('beta')], hostnames: [host('alpha.localhost', 'alpha', 'primary'), host('a.example.org', 'alpha')] };
    assert.deepEqual(planApply({ ...NOTHING, sites: [wantedSite('alpha')] }, actual), { steps: [], problems: [] });
  });

  test('takes away what stands under absent, and only once', () => {
    const wanted = { ...NOTHING, absent: { sites: ['beta', 'never-was'], hostnames: ['a.example.org'] } };
    const actual = { ...EMPTY, sites: [site('alpha'), site('beta')], hostnames: [host('a.example.org', 'alpha')] };
    const { steps } = planApply(wanted, actual);
    assert.deepEqual(kinds(steps), ['unbindHostname', 'deleteSite']);
    assert.deepEqual(planApply(wanted, applied(actual, steps)).steps, []);
  });

  test('changes only the settings that differ', () => {
    const wanted = { ...NOTHING, sites: [wantedSite('alpha', { settings: { processes: 4, threads: 2 } })] };
    const actual = { ...EMPTY, sites: [site('alpha', { settings: { processes: 2, threads: 2, memory: 1024 } })] };
    assert.deepEqual(planApply(wanted, actual).steps,
      [{ kind: 'changeSite', site: 'alpha', changes: [{ path: 'settings.processes', from: 2, to: 4 }] }]);
  });

  test('of a group of settings names only what changes', () => {
    const wanted = { ...NOTHING, settings: { remediation: { mode: 'observe', floor: 1 }, approvals: { own: 'while-alone' }, scaling: { targets: { cpu: 0.5 } } } };
    const actual = { ...EMPTY, settings: { remediation: { mode: 'auto', floor: 1, perHour: 4 }, approvals: { own: 'while-alone' }, scaling: { mode: 'off', targets: { cpu: 0.6 } } } };
    assert.deepEqual(planApply(wanted, actual).steps, [{ kind: 'changeSettings', changes: [
      { path: 'remediation.mode', from: 'auto', to: 'observe' }, { path: 'scaling.targets', from: { cpu: 0.6 }, to: { cpu: 0.5 } },
    ] }]);
  });

  test('names a new primary first, which makes the former one an alias', () => {
    const wanted = { ...NOTHING, sites: [wantedSite('alpha', { hostnames: [
      { hostname: 'alpha.localhost', role: 'redirect' }, { hostname: 'www.example.org', role: 'primary' },
    ] })] };
    const actual = { ...EMPTY, sites: [site('alpha')], hostnames: [host('alpha.localhost', 'alpha', 'primary')] };
    const { steps } = planApply(wanted, actual);
    assert.deepEqual(steps, [
      { kind: 'bindHostname', site: 'alpha', hostname: 'www.example.org', role: 'primary' },
      { kind: 'changeHostname', site: 'alpha', hostname: 'alpha.localhost', changes: [{ path: 'role', from: 'alias', to: 'redirect' }] },
    ]);
  });

  test('refuses what would leave a site without a primary, or take another site’s hostname', () => {
    const actual = { ...EMPTY, sites: [site('alpha'), site('beta')], hostnames: [host('alpha.localhost', 'alpha', 'primary'), host('b.example.org', 'beta')] };
    const demoted = { ...NOTHING, sites: [wantedSite('alpha', { hostnames: [{ hostname: 'alpha.localhost', role: 'alias' }] })] };
    const taken = { ...NOTHING, sites: [wantedSite('alpha', { hostnames: [{ hostname: 'b.example.org', role: 'alias' }] })] };
    const gone = { ...NOTHING, absent: { sites: [], hostnames: ['alpha.localhost'] } };
    const other = { ...gone, sites: [wantedSite('alpha', { hostnames: [{ hostname: 'www.example.org', role: 'primary' }] })] };
    for (const wanted of [demoted, taken, gone, other]) assert.equal(planApply(wanted, actual).problems.length, 1);
  });

  test('sets variables that are missing, and all of them when asked to', () => {
    const wanted = { ...NOTHING, sites: [wantedSite('alpha', { env: ['A', 'B'] })] };
    const actual = { ...EMPTY, sites: [site('alpha', { env: ['A'] })] };
    assert.deepEqual(planApply(wanted, actual).steps, [{ kind: 'setEnv', site: 'alpha', names: ['B'] }]);
    assert.deepEqual(planApply(wanted, actual, { renewEnv: true }).steps, [{ kind: 'setEnv', site: 'alpha', names: ['A', 'B'] }]);
  });

  test('compares a Redis address without its password, and never shows one', () => {
    const wanted = { ...NOTHING, settings: { cacheUrl: 'redis://reeve:secret@cache/0' } };
    assert.deepEqual(planApply(wanted, { ...EMPTY, settings: { cacheUrl: 'redis://reeve:***@cache/0' } }).steps, []);
    const plan = planApply(wanted, { ...EMPTY, settings: { cacheUrl: null } });
    assert.equal(plan.steps.length, 1);
    assert.doesNotMatch(JSON.stringify(shownPlan(plan)) + drawStep(plan.steps[0]!).text, /secret/);
  });

  test('brings a deleted site back', () => {
    const wanted = { ...NOTHING, sites: [wantedSite('alpha', { suspended: true })] };
    assert.deepEqual(kinds(planApply(wanted, { ...EMPTY, sites: [site('alpha', { phase: 'deleted' })] }).steps), ['restoreSite', 'suspendSite']);
  });
});

const NAMES = ['alpha', 'beta', 'gamma'];
const HOSTS = ['a.example.org', 'b.example.org', 'c.example.org', 'alpha.localhost'];
const role = fc.constantFrom('primary' as const, 'alias' as const, 'redirect' as const);
const settings = fc.dictionary(fc.constantFrom('processes', 'threads'), fc.integer({ min: 1, max: 3 }), { maxKeys: 2 });

/** Any state that the platform can be in: hostnames of sites that are there, one primary each. */
const anyActual: fc.Arbitrary<Actual> = fc.record({
  sites: fc.uniqueArray(fc.record({
    name: fc.constantFrom(...NAMES),
    phase: fc.constantFrom('live' as const, 'suspended' as const, 'deleted' as const),
    release: fc.constantFrom('r1', 'r2'),
    owner: fc.constantFrom(null, 'ada'),
    store: fc.constantFrom('directory' as const, 's3' as const),
    settings,
    env: fc.uniqueArray(fc.constantFrom('A', 'B')),
  }), { selector: (each) => each.name }),
  aliases: fc.uniqueArray(fc.record({ hostname: fc.constantFrom('a.example.org', 'b.example.org', 'c.example.org'), at: fc.nat(), role: fc.constantFrom('alias' as const, 'redirect' as const), https: fc.constantFrom('allow' as const, 'redirect' as const), bound: fc.boolean() }),
    { selector: (each) => each.hostname }),
}).map(({ sites, aliases }) => ({
  settings: { baseDomain: 'localhost', remediation: { mode: 'auto', floor: 1, perHour: 4 } },
  sites,
  hostnames: sites.length === 0 ? [] : [
    ...sites.map(({ name, phase }) => ({ ...host(`${name}.localhost`, name, 'primary'), bound: phase !== 'deleted' })),
    ...aliases.map(({ at, bound, ...each }) => {
      const { name, phase } = sites[at % sites.length]!;
      return { ...each, site: name, bound: bound && phase !== 'deleted' };
    }),
  ],
}));

/** Any file that reading accepts: a hostname stands once, a site has one primary, nothing is wanted and absent. */
const anyWanted: fc.Arbitrary<Wanted> = fc.record({
  settings: fc.record({
    ownership: fc.constantFrom('none', 'dns-txt'),
    remediation: fc.record({ mode: fc.constantFrom('auto', 'observe'), floor: fc.constantFrom(1, 2) }, { requiredKeys: [] }),
  }, { requiredKeys: [] }),
  sites: fc.uniqueArray(fc.record({
    name: fc.constantFrom(...NAMES),
    release: fc.constantFrom('r1', 'r2'),
    owner: fc.constant('ada'),
    suspended: fc.boolean(),
    store: fc.constantFrom('directory' as const, 's3' as const),
    settings,
    env: fc.uniqueArray(fc.constantFrom('A', 'B')),
  }, { requiredKeys: ['name', 'settings', 'env'] }), { selector: (each) => each.name }),
  hostnames: fc.uniqueArray(fc.record({ hostname: fc.constantFrom(...HOSTS), at: fc.nat(), role, https: fc.constantFrom('allow' as const, 'redirect' as const) },
    { requiredKeys: ['hostname', 'at', 'role'] }), { selector: (each) => each.hostname }),
  absentSites: fc.uniqueArray(fc.constantFrom(...NAMES)),
  absentHosts: fc.uniqueArray(fc.constantFrom(...HOSTS)),
}).map(({ settings: platform, sites, hostnames, absentSites, absentHosts }) => {
  const owned = sites.map((each, i): WantedSite => {
    const mine = hostnames.filter(({ at }) => at % sites.length === i).map(({ at: _, ...rest }) => rest);
    const first = mine.find((other) => other.role === 'primary');
    return { ...each, hostnames: mine.filter((other) => other.role !== 'primary' || other === first) };
  });
  return {
    settings: platform,
    sites: owned,
    absent: {
      sites: absentSites.filter((name) => !sites.some((each) => each.name === name)),
      hostnames: absentHosts.filter((name) => !owned.some((each) => each.hostnames.some((other) => other.hostname === name))),
    },
  };
});

describe('applying a plan', () => {
  test('leads to an empty plan', () => {
    fc.assert(fc.property(anyWanted, anyActual, (wanted, actual) => {
      const plan = planApply(wanted, actual);
      fc.pre(plan.problems.length === 0);
      assert.deepEqual(planApply(wanted, applied(actual, plan.steps)), { steps: [], problems: [] });
    }), { numRuns: 2000 });
  });

  test('leads from anywhere in the middle to the same', () => {
    fc.assert(fc.property(anyWanted, anyActual, fc.nat(), (wanted, actual, n) => {
      const plan = planApply(wanted, actual);
      fc.pre(plan.problems.length === 0);
      const half = applied(actual, plan.steps.slice(0, n % (plan.steps.length + 1)));
      const rest = planApply(wanted, half);
      assert.deepEqual(rest.problems, []);
      assert.deepEqual(planApply(wanted, applied(half, rest.steps)).steps, []);
    }), { numRuns: 2000 });
  });

  test('deletes no site and unbinds no hostname that is not under absent', () => {
    fc.assert(fc.property(anyWanted, anyActual, (wanted, actual) => {
      for (const step of planApply(wanted, actual).steps) {
        if (step.kind === 'deleteSite') assert.ok(wanted.absent.sites.includes(step.site));
        if (step.kind === 'unbindHostname') assert.ok(wanted.absent.hostnames.includes(step.hostname));
      }
    }), { numRuns: 1000 });
  });
});
