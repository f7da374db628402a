/** What is asked of each hostname, and what counts as well (DESIGN.md §7). Pure. */
import { portOf, schemeOf } from './address.ts';
import type { Desired, HostnameDesired, PlatformSettings, SitePhase } from './desired.ts';
import type { SiteId } from './id.ts';
import { withDefaults } from './settings.ts';
import type { Outcome } from './verdict.ts';

type Scheme = PlatformSettings['publicScheme'];
export type Expectation = 'page' | 'redirect' | 'maintenance';
/** `deep` reaches Django and its database; `routed` is answered by nginx before it, and says nothing of Django. */
export type ProbeKind = 'deep' | 'routed';

export interface ProbeTarget {
  readonly hostname: string;
  readonly expect: Expectation;
  /** Where a redirect must point, without the path. */
  readonly target?: string;
  /** The site's primary hostname: a page may lead there as well as stay on its own. */
  readonly primary?: string;
  /** What its visitors come with: `X-Forwarded-Proto`, and the port in `Host`. Unless said, as the platform's do. */
  readonly scheme?: Scheme;
  readonly host?: string;
}

/** A hostname as it is asked for. */
export interface SweepTarget extends ProbeTarget {
  readonly site: SiteId;
  readonly kind: ProbeKind;
  readonly health: HealthCheck;
  readonly scheme: Scheme;
  readonly host: string;
}

/** Where a site says how it is, the statuses that are well, and how long a well answer may take. */
export interface HealthCheck {
  readonly path: string;
  readonly statuses: readonly number[];
  /** ms. */
  readonly slowMs: number;
}

export interface Answer {
  readonly status: number;
  /** The site that answered, by nginx's word; null when none did. */
  readonly site: string | null;
  readonly location: string | null;
}

/** Every hostname that visitors may come to, in the order of the alphabet: those of suspended and quarantined sites too. */
export function sweepTargets(desired: Desired): SweepTarget[] {
  const primaries = new Map<SiteId, string>();
  const bound: HostnameDesired[] = [];
  for (const row of desired.hostnames.values()) {
    const phase = desired.sites.get(row.site)?.phase;
    if (row.phase !== 'bound' || (phase !== 'live' && phase !== 'suspended')) continue;
    bound.push(row);
    if (row.role === 'primary') primaries.set(row.site, row.hostname);
  }
  bound.sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
  const { slowMs } = withDefaults(desired.settings).health;
  return bound.map((row) => sweepTarget(desired, row, primaries.get(row.site), slowMs));
}

/** One hostname; null when visitors cannot come to it here. */
export function targetOf(desired: Desired, hostname: string): SweepTarget | null {
  const row = desired.hostnames.get(hostname);
  const phase = row && desired.sites.get(row.site)?.phase;
  if (row?.phase !== 'bound' || (phase !== 'live' && phase !== 'suspended')) return null;
  const primary = [...desired.hostnames.values()].find((each) => each.site === row.site && each.role === 'primary' && each.phase === 'bound');
  return sweepTarget(desired, row, primary?.hostname, withDefaults(desired.settings).health.slowMs);
}

function sweepTarget(desired: Desired, row: HostnameDesired, primary: string | undefined, slowMs: number): SweepTarget {
  const { site } = row;
  const phase = desired.sites.get(site)!.phase;
  const target = probeTarget(row, { phase, primary, settings: desired.settings });
  return { ...target, site, kind: kindOf(target), health: healthCheckOf(desired, site, slowMs) };
}

/** nginx itself redirects, and shows the page of a suspended site. Sites that sleep would be `routed` too; none does yet. */
export function kindOf({ expect }: Pick<ProbeTarget, 'expect'>): ProbeKind {
  return expect === 'page' ? 'deep' : 'routed';
}

/** What a bound hostname must answer, and how its visitors come to it: the one definition, for sweeps and for runs. */
export function probeTarget({ hostname, role, https }: Pick<HostnameDesired, 'hostname' | 'role' | 'https'>, { phase, primary, settings }: {
  readonly phase: SitePhase; readonly primary: string | undefined; readonly settings: PlatformSettings;
}): ProbeTarget & Pick<SweepTarget, 'scheme' | 'host'> {
  // One that sends visitors to https is asked as they come there, or it would answer for ever with that redirect.
  const scheme = schemeOf(https, settings);
  const port = portOf(settings, scheme);
  const common = { hostname, scheme, host: `${hostname}${port}` };
  if (phase === 'suspended') return { ...common, expect: 'maintenance' };
  if (role === 'redirect' && primary !== undefined) return { ...common, expect: 'redirect', target: `${scheme}://${primary}${port}` };
  return { ...common, expect: 'page', ...(primary === undefined ? {} : { primary }) };
}

/**
 * As the site's settings say, else its codebase, else the platform (`slowMs`).
 * @param slowMs the platform's own
 */
export function healthCheckOf(desired: Desired, site: string, slowMs = withDefaults(desired.settings).health.slowMs): HealthCheck {
  const row = desired.sites.get(site);
  const codebase = desired.releases.get(row?.release ?? '')?.manifest?.health;
  return {
    path: row?.settings.healthPath ?? codebase?.path ?? '/',
    statuses: row?.settings.healthStatuses ?? codebase?.statuses ?? [200],
    slowMs: row?.settings.slowMs ?? codebase?.slowMs ?? slowMs,
  };
}

/** Why an answer is not as expected; null when it is. */
export function judge(site: string, target: ProbeTarget, health: Pick<HealthCheck, 'path' | 'statuses'>, answer: Answer): string | null {
  const { status, location } = answer;
  if (answer.site !== site) return answer.site === null ? `no site answered (${status})` : `${answer.site} answered instead`;
  switch (target.expect) {
    case 'maintenance':
      return status === 503 ? null : `answered ${status}, not the page of a suspended site`;
    case 'redirect': {
      const wanted = `${target.target ?? ''}${health.path}`;
      if (status !== 301 && status !== 308) return `answered ${status}, not a redirect`;
      return location === wanted ? null : `redirects to ${location}, not to ${wanted}`;
    }
    case 'page':
      if (!health.statuses.includes(status)) return `${health.path} answered ${status}`;
      return status < 300 || status > 399 || isWithin(location, target) ? null : `${health.path} leads away, to ${location}`;
  }
}

/** Whether a redirect stays within the site: a path, or its own or the primary hostname. */
function isWithin(location: string | null, { hostname, primary }: ProbeTarget): boolean {
  const url = location === null ? null : URL.parse(location, `http://${hostname}`);
  return url !== null && (url.hostname === hostname || url.hostname === primary);
}

/** What a probe of `ms` found, by the reason why it is not well. */
export function outcomeOf(reason: string | null, ms: number, slowMs: number): Outcome {
  if (reason !== null) return 'bad';
  return ms > slowMs ? 'slow' : 'well';
}
