import { normalizeHostname } from '../../domain/hostname.ts';
import type { Wanted, WantedHostname } from './model.ts';
import type { PlatformFileFields } from './schema.ts';

interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}

/** The fields in the planner's words, and where they contradict each other. */
export function wantedOf(fields: PlatformFileFields): { wanted: Wanted; problems: Problem[] } {
  const problems: Problem[] = [];
  const normal = (text: string, path: readonly string[]): string => {
    const parsed = normalizeHostname(text);
    if (parsed.ok) return parsed.hostname;
    problems.push({ path, message: parsed.message });
    return text;
  };
  const sites = Object.entries(fields.sites).map(([name, { env, hostnames, ...site }]) => ({
    ...site,
    name,
    env: Object.keys(env),
    hostnames: Object.entries(hostnames).map(([text, value]): WantedHostname => ({
      ...(typeof value === 'string' ? { role: value } : value),
      hostname: normal(text, ['sites', name, 'hostnames', text]),
    })),
  }));
  const absent = {
    sites: fields.absent.sites,
    hostnames: fields.absent.hostnames.map((text, i) => normal(text, ['absent', 'hostnames', String(i)])),
  };
  const wanted = { settings: fields.settings, sites, absent };
  return { wanted, problems: [...problems, ...contradictions(wanted)] };
}

function contradictions({ sites, absent }: Wanted): Problem[] {
  const problems: Problem[] = [];
  const owners = new Map<string, string>();
  for (const { name, hostnames } of sites) {
    const primaries = hostnames.filter((each) => each.role === 'primary');
    if (primaries.length > 1) problems.push({ path: ['sites', name, 'hostnames'], message: 'a site has one primary hostname' });
    for (const { hostname } of hostnames) {
      const other = owners.get(hostname);
      if (other) problems.push({ path: ['sites', name, 'hostnames', hostname], message: `${other} has it too` });
      owners.set(hostname, name);
    }
  }
  absent.sites.forEach((name, i) => {
    if (sites.some((site) => site.name === name)) problems.push({ path: ['absent', 'sites', String(i)], message: `${name} stands under sites too` });
  });
  absent.hostnames.forEach((hostname, i) => {
    const owner = owners.get(hostname);
    if (owner) problems.push({ path: ['absent', 'hostnames', String(i)], message: `${hostname} is a hostname of ${owner} too` });
  });
  return problems;
}
