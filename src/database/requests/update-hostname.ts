import { ReeveError } from '../../domain/errors.ts';
import type { UpdateHostname } from '../../domain/resources/hostname.ts';
import { commitChange } from '../change.ts';
import { type Asking, expecting } from './asking.ts';
import { getHeld, requestPrimaryHostname } from './bind-hostname.ts';

/**
 * Change how a hostname is served. Only a new primary is a run, since the site's code is told of it too.
 * @returns the run, or null when it is done
 * @throws ReeveError `not-found`, `conflict`, `stale`, `busy`, `unavailable`
 */
export async function updateHostname(asking: Asking, hostname: string, body: UpdateHostname): Promise<{ run: string | null }> {
  const held = await getHeld(asking.db, hostname);
  if (held.role === 'primary' && body.role !== undefined && body.role !== 'primary') {
    throw new ReeveError('conflict', `${hostname} is the primary hostname: make another one primary, and this one becomes an alias`,
      { subject: `hostname:${hostname}` });
  }
  if (body.role === 'primary' && held.role !== 'primary') {
    if (body.https !== undefined) throw new ReeveError('invalid', 'change https by itself: a new primary is a run', { errors: [{ path: 'https', message: 'change it by itself' }] });
    return await requestPrimaryHostname(asking, held.site, hostname);
  }
  await commitChange(asking.db, {
    actor: asking.actor, type: 'hostname.updated', reason: asking.reason, metadata: { site: held.site, hostname, fields: Object.keys(body) },
    writes: [{ table: 'hostname', op: 'update', key: { hostname }, values: { ...body }, expect: expecting(asking, { site: held.site, role: held.role }) }],
  });
  return { run: null };
}
