import type { Client } from '../context.ts';
import { readAll } from '../pages.ts';
import type { Hostname, Site } from '../resources.ts';
import type { Actual, ActualSite, Values, Wanted } from './model.ts';

/** What the plan compares with: all hostnames, since a wanted one may be another site's, and the sites with their ids. */
export async function readActual(api: Client, wanted: Wanted): Promise<{ actual: Actual; ids: Map<string, string> }> {
  const [settings, sites, hostnames] = await Promise.all([
    api.request<Values>('GET', '/settings'),
    readAll<Site>(api, '/sites'),
    readAll<Hostname>(api, '/hostnames'),
  ]);
  const names = new Map(sites.items.map((site) => [site.id, site.name]));
  const withEnv = new Set(wanted.sites.filter((site) => site.env.length > 0).map((site) => site.name));
  const actual: Actual = {
    settings,
    sites: await Promise.all(sites.items.map(async (site): Promise<ActualSite> => ({
      name: site.name,
      phase: phaseOf(site),
      release: site.release,
      owner: site.owner,
      store: site.store,
      settings: site.settings,
      env: withEnv.has(site.name) ? await readEnvNames(api, site.id) : [],
    }))),
    hostnames: hostnames.items.map(({ hostname, site, role, https, status }) =>
      ({ hostname, site: names.get(site) ?? site, role, https, bound: status !== 'reserved' })),
  };
  return { actual, ids: new Map(sites.items.map((site) => [site.name, site.id])) };
}

/** What the site is, or is on its way to: a run that is still going on holds the site, and the API then says so (busy). */
function phaseOf({ status }: Site): ActualSite['phase'] {
  if (status === 'suspended' || status === 'suspending') return 'suspended';
  return status === 'deleted' || status === 'deleting' || status === 'purging' ? 'deleted' : 'live';
}

async function readEnvNames(api: Client, id: string): Promise<string[]> {
  const { items } = await api.request<{ items: { name: string }[] }>('GET', `/sites/${id}/env`);
  return items.map((each) => each.name);
}
