/** What a request is about, before its handler sees it: a thing that one may not see is not there. */
import type { Queryable } from '../database/pool.ts';
import { type Owned, siteOf } from '../database/read/site-of.ts';
import { noRun } from '../database/run.ts';
import { ReeveError } from '../domain/errors.ts';
import { type Action, can, type Grantee, type Resource } from '../domain/permission.ts';

/** What one takes to see a thing, and how its absence is said. */
const SEEN: Readonly<Record<Owned, { readonly by: Action; readonly absent: (named: string) => ReeveError }>> = {
  site: { by: 'site:read', absent: (site) => new ReeveError('not-found', `there is no site ${site}`, { site }) },
  hostname: { by: 'hostname:read', absent: (hostname) => new ReeveError('not-found', `no site has the hostname ${hostname.slice(0, 253)}`) },
  run: { by: 'run:read', absent: noRun },
  incident: { by: 'incident:read', absent: (incident) => new ReeveError('not-found', `there is no incident ${incident}`, { incident: Number(incident) }) },
  approval: { by: 'approval:read', absent: (approval) => new ReeveError('not-found', `there is no approval ${approval}`, { approval }) },
  grant: { by: 'grant:read', absent: (grant) => new ReeveError('not-found', `there is no grant ${grant}`, { grant }) },
};

/**
 * The resource that permission is asked on.
 * @throws ReeveError `not-found`, in the same words whether it is not there or is not theirs to see
 */
export async function resourceOf(db: Queryable, grantee: Grantee, kind: Owned, named: string | number): Promise<Resource> {
  const site = await siteOf(db, kind, named);
  const { by, absent } = SEEN[kind];
  if (site === undefined) throw absent(String(named));
  const resource = site === null ? {} : { site };
  if (!can(grantee, by, resource, new Date()).allowed) throw absent(String(named));
  return resource;
}
