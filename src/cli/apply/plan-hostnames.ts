import { platformHostname } from '../../domain/hostname.ts';
import type { Actual, ActualHostname, Change, Plan, Step, Wanted } from './model.ts';

/**
 * Primaries first: binding or naming a new primary makes the former one an alias, so a site has one at every moment;
 * then the rest; then what is to be absent, when nothing points at it any more.
 */
export function planHostnames(wanted: Wanted, actual: Actual): Plan {
  const baseDomain = String(wanted.settings.baseDomain ?? actual.settings.baseDomain ?? 'localhost');
  const bound = hostnamesAfterCreating(wanted, actual, baseDomain);
  const gone = actual.sites.filter(({ phase }) => phase === 'deleted').map(({ name }) => name);
  const restored = new Set(gone.filter((name) => wanted.sites.some((site) => site.name === name)));
  const deleted = new Set(gone.filter((name) => !restored.has(name)));
  const asked = wanted.sites.flatMap((site) => site.hostnames.map((each) => ({ ...each, site: site.name })));
  const steps: Step[] = [];
  const problems: string[] = [];
  for (const each of [...asked.filter(isPrimary), ...asked.filter((other) => !isPrimary(other))]) {
    const before = bound.get(each.hostname);
    if (before && before.site !== each.site) {
      problems.push(deleted.has(before.site)
        ? `${each.hostname} is kept for the deleted site ${before.site} until that is purged`
        : `${each.hostname} is bound to ${before.site}, not ${each.site}; unbind it first: reeve host unbind ${each.hostname}`);
      continue;
    }
    if (before && isPrimary(before) && !isPrimary(each)) {
      problems.push(`${each.hostname} is the primary hostname of ${each.site}; to make it ${each.role}, name another primary`);
      continue;
    }
    // One that is only kept for the site is bound by asking again; restoring a site binds what it had.
    const binding = !before || (!before.bound && !restored.has(each.site));
    if (binding) steps.push({ kind: 'bindHostname', site: each.site, hostname: each.hostname, role: each.role });
    const present: ActualHostname = before
      ? { ...before, role: binding ? each.role : before.role, bound: true }
      : { ...each, https: 'allow', bound: true };
    // One change a step: a new primary is a run, and takes nothing beside it.
    for (const change of changesOf(each, present)) {
      steps.push({ kind: 'changeHostname', site: each.site, hostname: each.hostname, changes: [change] });
    }
    if (isPrimary(each)) demoteOthers(bound, each.site);
    bound.set(each.hostname, { ...present, role: each.role, https: each.https ?? present.https });
  }
  for (const hostname of wanted.absent.hostnames) {
    const before = bound.get(hostname);
    // Those of a deleted site answer nothing and go with its purge.
    if (!before || deleted.has(before.site)) continue;
    const leaving = wanted.absent.sites.includes(before.site);
    const own = hostname === platformHostname(before.site, baseDomain);
    if (own || isPrimary(before)) {
      // It goes with its site, if that goes.
      if (!leaving) {
        problems.push(own
          ? `${hostname} came with ${before.site} and stays as long as it does`
          : `${hostname} is the primary hostname of ${before.site}; name another primary before it can go`);
      }
      continue;
    }
    steps.push({ kind: 'unbindHostname', site: before.site, hostname });
  }
  return { steps, problems };
}

/** What is bound once the new sites are there: each comes with its platform hostname. */
function hostnamesAfterCreating(wanted: Wanted, actual: Actual, baseDomain: string): Map<string, ActualHostname> {
  const bound = new Map(actual.hostnames.map((each) => [each.hostname, each]));
  for (const { name } of wanted.sites) {
    const hostname = platformHostname(name, baseDomain);
    if (actual.sites.some((site) => site.name === name) || bound.has(hostname)) continue;
    bound.set(hostname, { hostname, site: name, role: 'primary', https: 'allow', bound: true });
  }
  return bound;
}

function isPrimary(hostname: { role: string }): boolean {
  return hostname.role === 'primary';
}

function demoteOthers(bound: Map<string, ActualHostname>, site: string): void {
  for (const [hostname, each] of bound) {
    if (each.site === site && isPrimary(each)) bound.set(hostname, { ...each, role: 'alias' });
  }
}

function changesOf(wanted: { role: string; https?: string }, before: { role: string; https: string }): Change[] {
  return [
    ...(wanted.role === before.role ? [] : [{ path: 'role', from: before.role, to: wanted.role }]),
    ...(wanted.https === undefined || wanted.https === before.https ? [] : [{ path: 'https', from: before.https, to: wanted.https }]),
  ];
}
