/**
 * The steps that lead from what is to what a file wants. Pure: it decides, and `execute.ts` makes no choices. Applied
 * whole, it leads to an empty plan. Nothing is taken away that `absent` does not name.
 */
import { isDeepStrictEqual } from 'node:util';
import { shownUrl } from '../../domain/resources/platform.ts';
import { SETTING_DEFAULTS } from '../../domain/settings.ts';
import type { Actual, ActualSite, Change, Plan, Step, Values, Wanted, WantedSite } from './model.ts';
import { planHostnames } from './plan-hostnames.ts';

export interface PlanOptions {
  /** Set every variable that the file names, and not only the ones that are missing: values cannot be compared. */
  readonly renewEnv?: boolean;
}

export function planApply(wanted: Wanted, actual: Actual, options: PlanOptions = {}): Plan {
  const present = new Map(actual.sites.map((site) => [site.name, site]));
  // The platform shows its Redis address without the password, so that is how they are compared.
  const settings = Object.entries(wanted.settings).flatMap(([name, value]) => changesOfSetting(name, value, actual.settings))
    .filter(({ path, from, to }) => path !== 'cacheUrl' || typeof to !== 'string' || shownUrl(to) !== from);
  const hostnames = planHostnames(wanted, actual);
  const steps: Step[] = [
    ...(settings.length > 0 ? [{ kind: 'changeSettings', changes: settings } as const] : []),
    ...wanted.sites.flatMap((site) => stepsOfSite(site, present.get(site.name), options)),
    ...hostnames.steps,
    ...wanted.sites
      .filter(({ name, suspended }) => suspended === true && present.get(name)?.phase !== 'suspended')
      .map(({ name }) => ({ kind: 'suspendSite', site: name }) as const),
    ...wanted.absent.sites
      .filter((name) => present.has(name) && present.get(name)!.phase !== 'deleted')
      .map((name) => ({ kind: 'deleteSite', site: name }) as const),
  ];
  return { steps, problems: [...hostnames.problems, ...wanted.sites.flatMap((site) => storeProblem(site, present.get(site.name)))] };
}

/** What people have uploaded is not moved. */
function storeProblem({ name, store }: WantedSite, actual: ActualSite | undefined): string[] {
  if (store === undefined || actual === undefined || store === actual.store) return [];
  return [`the files of ${name} are in a store of kind ${actual.store}, and stay there; it cannot become ${store}`];
}

function stepsOfSite(wanted: WantedSite, actual: ActualSite | undefined, options: PlanOptions): Step[] {
  const { name, release, owner, store, settings, env } = wanted;
  const missing = options.renewEnv ? env : env.filter((each) => !actual?.env.includes(each));
  const setEnv: Step[] = missing.length > 0 ? [{ kind: 'setEnv', site: name, names: missing }] : [];
  if (!actual) {
    // With its variables: its code may not start without them.
    return [{
      kind: 'createSite', site: name, settings, ...(release ? { release } : {}), ...(owner ? { owner } : {}), ...(store ? { store } : {}),
      ...(env.length > 0 ? { env } : {}),
    }];
  }
  const changes = [
    ...changesOf(settings, actual.settings, 'settings.'),
    ...(owner === undefined || owner === actual.owner ? [] : [{ path: 'owner', from: actual.owner, to: owner }]),
  ];
  return [
    ...(actual.phase === 'deleted' ? [{ kind: 'restoreSite', site: name } as const] : []),
    ...(actual.phase === 'suspended' && wanted.suspended === false ? [{ kind: 'resumeSite', site: name } as const] : []),
    ...(changes.length > 0 ? [{ kind: 'changeSite', site: name, changes } as const] : []),
    ...setEnv,
    ...(release === undefined || release === actual.release ? []
      : [{ kind: 'upgradeSite', site: name, from: actual.release, release } as const]),
  ];
}

/** Of a group only what is named is compared, field by field, since only that is changed (PATCH /settings). */
function changesOfSetting(name: string, value: unknown, actual: Values): Change[] {
  const isGroup = Object.hasOwn(SETTING_DEFAULTS, name) && typeof value === 'object' && value !== null && !Array.isArray(value);
  return isGroup ? changesOf(value as Values, actual[name] as Values, `${name}.`) : changesOf({ [name]: value }, actual);
}

function changesOf(wanted: Values, actual: Values, prefix = ''): Change[] {
  return Object.entries(wanted)
    .filter(([name, value]) => !isDeepStrictEqual(value, actual[name]))
    .map(([name, to]) => ({ path: prefix + name, from: actual[name], to }));
}
