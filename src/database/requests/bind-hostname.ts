import { ReeveError } from '../../domain/errors.ts';
import type { BindHostname } from '../../domain/resources/hostname.ts';
import { commitChange, type Write } from '../change.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import { readPlatformSettings } from '../read/platform-settings.ts';
import { newRequest } from '../runs/request.ts';
import type { Asking } from './asking.ts';
import { readHostname, reserveHostname, withTakenNames } from './hostname-row.ts';
import type { Requested } from './site-life.ts';

/**
 * Reserve a hostname for a site and ask for its binding. One that this site holds already, but that is not served
 * (it was not proved in time, say), is tried again.
 * @throws ReeveError `invalid`, `exists` when it is another's or bound, `conflict` by the site's phase, `busy`, `unavailable`
 */
export async function requestBindHostname(asking: Asking, site: string, body: BindHostname): Promise<Requested & { hostname: string }> {
  const hostname = readHostname(body.hostname, await readPlatformSettings(asking.db), 'hostname');
  const held = await findHeld(asking.db, hostname);
  const again = held?.site === site && held.phase === 'reserved';
  const request = newRequest('bindHostname', { site, hostname, role: body.role });
  const write: Write = again
    ? { table: 'hostname', op: 'update', key: { hostname }, values: { role: body.role }, expect: { site, phase: 'reserved' } }
    : reserveHostname(hostname, site, body.role);
  await withTakenNames(commitChange(asking.db, {
    actor: asking.actor, type: 'hostname.binding', reason: asking.reason, request,
    metadata: { site, hostname, role: body.role, run: request.id },
    writes: [{ table: 'site', op: 'check', key: { id: site }, expect: { phase: ['live', 'suspended'] } }, write],
  }));
  return { run: request.id, hostname };
}

/**
 * Make a bound hostname its site's primary one; the old one becomes an alias when that is published.
 * @throws ReeveError `conflict`, `stale`, `busy`, `unavailable`
 */
export async function requestPrimaryHostname(asking: Asking, site: string, hostname: string): Promise<Requested> {
  const request = newRequest('bindHostname', { site, hostname, role: 'primary' });
  const rev = asking.rev === undefined ? {} : { rev: asking.rev };
  await commitChange(asking.db, {
    actor: asking.actor, type: 'hostname.promoting', reason: asking.reason, request, metadata: { site, hostname, run: request.id },
    writes: [
      { table: 'site', op: 'check', key: { id: site }, expect: { phase: ['live', 'suspended'] } },
      { table: 'hostname', op: 'check', key: { hostname }, expect: { ...rev, site, phase: 'bound' } },
    ],
  });
  return { run: request.id };
}

export interface HeldHostname {
  readonly hostname: string;
  readonly site: string;
  readonly role: 'primary' | 'alias' | 'redirect';
  readonly phase: 'reserved' | 'bound';
  readonly siteName: string;
}

/** Who holds the hostname; null when nobody does. */
export async function findHeld(db: Queryable, hostname: string): Promise<HeldHostname | null> {
  const { rows } = await translated(db.query<HeldHostname>(
    `select h.hostname, h.site, h.role, h.phase, s.name as "siteName" from hostname h join site s on s.id = h.site
     where h.hostname = $1 and h.deleted_at is null`, [hostname]));
  return rows[0] ?? null;
}

/** The same, for what must be there. @throws ReeveError `not-found` */
export async function getHeld(db: Queryable, hostname: string): Promise<HeldHostname> {
  const held = await findHeld(db, hostname);
  if (!held) throw new ReeveError('not-found', `no site has the hostname ${hostname.slice(0, 253)}`);
  return held;
}

