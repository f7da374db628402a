import { addressOf } from '../domain/address.ts';
import type { Desired, HostnameDesired, SiteDesired } from '../domain/desired.ts';
import { hostname as asHostname, isHostname, Unrenderable, word } from './syntax.ts';

/** A site's hostnames by what they do; each list in the order of the alphabet. */
export interface SiteHostnames {
  readonly primary: string | null;
  readonly bound: readonly HostnameDesired[];
  /** Not served yet, but held: a process that allows them already misses no request when they are. */
  readonly reserved: readonly HostnameDesired[];
}

export function siteHostnames(rows: Iterable<HostnameDesired>): SiteHostnames {
  const sorted = [...rows].sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
  const bound = sorted.filter((row) => row.phase === 'bound');
  return {
    primary: bound.find((row) => row.role === 'primary')?.hostname ?? null,
    bound,
    reserved: sorted.filter((row) => row.phase === 'reserved'),
  };
}

/**
 * Lines of hostnames.conf: `hostname "site role https target";`. A redirect of a site without a primary hostname serves
 * the site: there is nowhere to send the visitor.
 * @param problem told of a name that cannot be rendered; the others are
 */
export function hostnameLines(site: SiteDesired, hostnames: SiteHostnames, problem: (error: Unrenderable) => void): Map<string, string> {
  const lines = new Map<string, string>();
  if (site.phase !== 'live' && site.phase !== 'suspended') return lines;
  for (const row of hostnames.bound) {
    try {
      lines.set(row.hostname, hostnameLine(row, hostnames.primary));
    } catch (error) {
      if (!(error instanceof Unrenderable)) throw error;
      problem(error);
    }
  }
  return lines;
}

function hostnameLine({ hostname, site, role, https }: HostnameDesired, primary: string | null): string {
  const redirects = role === 'redirect' && primary !== null;
  const effective = role === 'redirect' && !redirects ? 'alias' : role;
  const target = redirects ? asHostname(primary) : '-';
  return `${asHostname(hostname)} "${word(site)} ${word(effective)} ${word(https)} ${target}";`;
}

/** Lines of an edge's hostnames.conf: `hostname site;`. */
export function edgeHostnameLine(row: HostnameDesired, desired: Desired): string | null {
  const phase = desired.sites.get(row.site)?.phase;
  if (row.phase !== 'bound' || (phase !== 'live' && phase !== 'suspended')) return null;
  // One that cannot be rendered is no container's either, and is answered by whichever it hashes to.
  return isHostname(row.hostname) ? `${row.hostname} ${word(row.site)};` : null;
}

/** Where links of the site lead: scheme, hostname and the port visitors use, without a slash at the end. */
export function primaryUrl(site: SiteDesired, hostnames: SiteHostnames, settings: Desired['settings']): string {
  const row = hostnames.bound.find(({ role }) => role === 'primary') ?? hostnames.bound.find(({ role }) => role === 'alias');
  const name = row?.hostname ?? `${site.name}.${settings.baseDomain}`;
  return addressOf({ hostname: name, https: row?.https ?? 'allow' }, settings);
}

/** Where https is reached when somebody came without: known only if the platform's own scheme is https. */
export function httpsPort(settings: Desired['settings']): number {
  return settings.publicScheme === 'https' ? settings.publicPort : 443;
}
