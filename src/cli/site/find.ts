/** A site as people name it: by its id, its name or one of its hostnames. */
import { isReeveError, ReeveError } from '../../domain/errors.ts';
import type { Client } from '../context.ts';
import { readAll } from '../pages.ts';
import type { Hostname, Site } from '../resources.ts';
import { didYouMean } from '../suggest.ts';

/**
 * The site with that id, name or hostname.
 * @throws ReeveError `not-found`, with the name that was probably meant
 */
export async function findSite(api: Client, given: string): Promise<Site> {
  const found = await orNull(readSite(api, given));
  if (found) return found;
  const hostname = given.includes('.') ? await orNull(readHostname(api, given)) : null;
  if (hostname) return await readSite(api, hostname.site);
  const { items } = await readAll<Site>(api, '/sites');
  throw new ReeveError('not-found', `no site named ${given}${didYouMean(given, items.map((site) => site.name))}`);
}

/** The site with that id or name. @throws ReeveError `not-found` */
export async function readSite(api: Client, id: string): Promise<Site> {
  return await api.request<Site>('GET', `/sites/${encodeURIComponent(id)}`);
}

/** The hostname as the API has it. @throws ReeveError `not-found`, with the hostname that was probably meant */
export async function findHostname(api: Client, given: string): Promise<Hostname> {
  const found = await orNull(readHostname(api, given));
  if (found) return found;
  const { items } = await readAll<Hostname>(api, '/hostnames');
  throw new ReeveError('not-found', `${given} is bound to no site${didYouMean(given, items.map((each) => each.hostname))}`);
}

async function readHostname(api: Client, hostname: string): Promise<Hostname> {
  return await api.request<Hostname>('GET', `/hostnames/${encodeURIComponent(hostname)}`);
}

/** What cannot be a name at all is no thing of that name either. */
async function orNull<Resource>(reading: Promise<Resource>): Promise<Resource | null> {
  try {
    return await reading;
  } catch (error) {
    if (isReeveError(error, 'not-found') || isReeveError(error, 'bad-request')) return null;
    throw error;
  }
}
