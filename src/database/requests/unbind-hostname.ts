import { ReeveError } from '../../domain/errors.ts';
import { platformHostname } from '../../domain/hostname.ts';
import { commitChange } from '../change.ts';
import { readPlatformSettings } from '../read/platform-settings.ts';
import { newRequest } from '../runs/request.ts';
import { type Asking, expecting } from './asking.ts';
import { getHeld } from './bind-hostname.ts';
import type { Requested } from './site-life.ts';

/**
 * Ask that a hostname is not served any more and is free for others. A site keeps the hostname that came with it, and
 * a primary one, which is where its redirects and its links go.
 * @throws ReeveError `not-found`, `conflict`, `stale`, `busy`, `unavailable`
 */
export async function requestUnbindHostname(asking: Asking, hostname: string): Promise<Requested & { site: string }> {
  const held = await getHeld(asking.db, hostname);
  const { baseDomain } = await readPlatformSettings(asking.db);
  if (hostname === platformHostname(held.siteName, baseDomain)) {
    throw new ReeveError('conflict', `${hostname} came with site ${held.siteName} and stays as long as it does`, { subject: `hostname:${hostname}` });
  }
  if (held.role === 'primary' && held.phase === 'bound') {
    throw new ReeveError('conflict', `${hostname} is the primary hostname of site ${held.siteName}: make another one primary first`, { subject: `hostname:${hostname}` });
  }
  const request = newRequest('unbindHostname', { site: held.site, hostname });
  await commitChange(asking.db, {
    actor: asking.actor, type: 'hostname.unbinding', reason: asking.reason, request, metadata: { site: held.site, hostname, run: request.id },
    writes: [{ table: 'hostname', op: 'check', key: { hostname }, expect: expecting(asking, { site: held.site, role: held.role }) }],
  });
  return { run: request.id, site: held.site };
}
