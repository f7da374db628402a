import { randomBytes } from 'node:crypto';
import type { HostnameRole, PlatformSettings } from '../../domain/desired.ts';
import { isReeveError, ReeveError } from '../../domain/errors.ts';
import { parseHostname } from '../../domain/hostname.ts';
import type { Write } from '../change.ts';
import { invalid } from './asking.ts';

/**
 * A hostname as a person typed it, in its one form.
 * @param path where it stood in the body
 * @throws ReeveError `invalid`, in the words of the rule that it breaks
 */
export function readHostname(text: string, settings: Pick<PlatformSettings, 'baseDomain'>, path: string): string {
  const parsed = parseHostname(text, settings);
  if (!parsed.ok) throw invalid(path, parsed.message);
  return parsed.hostname;
}

/** Holds a hostname for its site. The proof is random, so that a DNS record made for another platform proves nothing here. */
export function reserveHostname(hostname: string, site: string, role: HostnameRole): Write {
  const values = { hostname, site, role, phase: 'reserved', proof: `reeve-proof=${randomBytes(16).toString('hex')}` };
  return { table: 'hostname', op: 'insert', values };
}

/** Says `exists` in words that name what is taken. */
export async function withTakenNames<T>(commit: Promise<T>, siteName?: string): Promise<T> {
  try {
    return await commit;
  } catch (error) {
    if (!isReeveError(error, 'exists')) throw error;
    const { table, id, constraint } = error.fields;
    if (table === 'hostname') throw new ReeveError('exists', `${id} is taken: it is bound to a site, or kept for one`, { hostname: id });
    if (constraint === 'site_name') throw new ReeveError('exists', `there is a site named ${siteName} already`, { name: siteName });
    throw error;
  }
}
