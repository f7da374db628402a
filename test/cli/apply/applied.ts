/** What the platform would be after steps, by its own rules: each is refused where the API would refuse it. */
import assert from 'node:assert/strict';
import type { Actual, ActualHostname, ActualSite, Change, Step } from '../../../src/cli/apply/model.ts';
import { SETTING_DEFAULTS } from '../../../src/domain/settings.ts';

export function applied(actual: Actual, steps: readonly Step[]): Actual {
  return steps.reduce(after, actual);
}

function after(state: Actual, step: Step): Actual {
  switch (step.kind) {
    case 'changeSettings': return { ...state, settings: changed(state.settings, step.changes) };
    case 'createSite': {
      assert.ok(!state.sites.some(({ name }) => name === step.site), `${step.site} exists`);
      const site: ActualSite = { name: step.site, phase: 'live', release: step.release ?? 'r2', owner: step.owner ?? null, store: step.store ?? 'directory', settings: step.settings, env: step.env ?? [] };
      const hostname = `${step.site}.${state.settings.baseDomain}`;
      assert.ok(!state.hostnames.some((each) => each.hostname === hostname), `${hostname} is taken`);
      return { ...state, sites: [...state.sites, site], hostnames: [...state.hostnames, { hostname, site: step.site, role: 'primary', https: 'allow', bound: true }] };
    }
    case 'restoreSite': return bindAll(onSite(state, step.site, 'deleted', () => ({ phase: 'live' })), step.site, true);
    case 'suspendSite': return onSite(state, step.site, 'live', () => ({ phase: 'suspended' }));
    case 'resumeSite': return onSite(state, step.site, 'suspended', () => ({ phase: 'live' }));
    case 'deleteSite': return bindAll(onSite(state, step.site, null, () => ({ phase: 'deleted' })), step.site, false);
    case 'upgradeSite': return onSite(state, step.site, null, () => ({ release: step.release }));
    case 'setEnv': return onSite(state, step.site, null, (site) => ({ env: [...new Set([...site.env, ...step.names])] }));
    case 'changeSite': return onSite(state, step.site, null, (site) => {
      const owner = step.changes.find(({ path }) => path === 'owner');
      const settings = step.changes.filter(({ path }) => path !== 'owner').map((change) => ({ ...change, path: change.path.replace('settings.', '') }));
      return { settings: changed(site.settings, settings), ...(owner ? { owner: owner.to as string } : {}) };
    });
    case 'bindHostname': {
      const held = state.hostnames.find(({ hostname }) => hostname === step.hostname);
      if (held) assert.ok(held.site === step.site && !held.bound, `${step.hostname} is taken`);
      assert.notEqual(state.sites.find(({ name }) => name === step.site)!.phase, 'deleted');
      const others = state.hostnames.filter((each) => each !== held);
      const hostnames = step.role === 'primary' ? demoted(others, step.site) : others;
      return { ...state, hostnames: [...hostnames, { https: 'allow', ...held, hostname: step.hostname, site: step.site, role: step.role, bound: true }] };
    }
    case 'changeHostname': {
      const before = state.hostnames.find(({ hostname }) => hostname === step.hostname)!;
      const next = { ...before, ...Object.fromEntries(step.changes.map(({ path, to }) => [path, to])) } as ActualHostname;
      assert.ok(before.bound, `${step.hostname} is not bound`);
      assert.ok(next.role !== 'primary' || before.role === 'primary' || step.changes.length === 1, 'a new primary is a change of its own');
      assert.ok(!(before.role === 'primary' && next.role !== 'primary'), `${before.site} would have no primary`);
      const hostnames = next.role === 'primary' ? demoted(state.hostnames, before.site) : state.hostnames;
      return { ...state, hostnames: hostnames.map((each) => (each.hostname === step.hostname ? next : each)) };
    }
    case 'unbindHostname': {
      const held = state.hostnames.find(({ hostname }) => hostname === step.hostname)!;
      assert.notEqual(held.role, 'primary');
      assert.notEqual(step.hostname, `${held.site}.${state.settings.baseDomain}`, 'it stays with its site');
      return { ...state, hostnames: state.hostnames.filter(({ hostname }) => hostname !== step.hostname) };
    }
  }
}

function onSite(state: Actual, name: string, phase: ActualSite['phase'] | null, change: (site: ActualSite) => Partial<ActualSite>): Actual {
  const site = state.sites.find((each) => each.name === name)!;
  if (phase === null) assert.notEqual(site.phase, 'deleted', `${name} is deleted`);
  else assert.equal(site.phase, phase);
  return { ...state, sites: state.sites.map((each) => (each === site ? { ...each, ...change(each) } : each)) };
}

function bindAll(state: Actual, site: string, bound: boolean): Actual {
  return { ...state, hostnames: state.hostnames.map((each) => (each.site === site ? { ...each, bound } : each)) };
}

function demoted(hostnames: readonly ActualHostname[], site: string): ActualHostname[] {
  return hostnames.map((each) => (each.site === site && each.role === 'primary' ? { ...each, role: 'alias' } : each));
}

/** Of a group, what is not named stays. */
function changed(values: Readonly<Record<string, unknown>>, changes: readonly Change[]): Record<string, unknown> {
  const after = { ...values };
  for (const { path, to } of changes) {
    const [name, field] = path.split('.') as [string, string?];
    const value = field === undefined ? to : { [field]: to };
    after[name] = name in SETTING_DEFAULTS ? { ...(after[name] as object), ...(value as object) } : value;
  }
  return after;
}
