import { Resolver } from 'node:dns/promises';
import type { PlatformSettings } from '../../src/domain/desired.ts';
import { translated } from '../../src/database/errors.ts';
import type { Pool } from '../../src/database/pool.ts';
import { findHostname } from '../../src/database/runs/subject.ts';
import { ReeveError } from '../../src/domain/errors.ts';
import { proofName } from '../../src/domain/ownership.ts';

const QUERY_MS = 3_000;

/**
 * @param dnsServers  `address:port` each; the machine's own resolvers unless given
 */
export function ownershipActivities({ pool, dnsServers }: { readonly pool: Pool; readonly dnsServers?: readonly string[] | undefined }) {
  return {
    /**
     * Whether the site's people may have this hostname: below the base domain, or where policy asks for no proof, they
     * may. Not being proved is an answer, not an error, since nothing is undone for it; that no resolver answers is one
     * too, since it says nothing of the record.
     */
    async proveOwnership({ site, hostname }: { readonly site: string; readonly hostname: string }): Promise<{ proved: boolean; why: string }> {
      const row = await findHostname(pool, hostname);
      if (row?.site !== site) {
        throw new ReeveError('superseded', `${hostname} is not held for site ${site}`, { subject: `hostname:${hostname}` });
      }
      if (row.phase === 'bound') return { proved: true, why: 'it is bound already' };
      const { rows } = await translated(pool.query<{ settings: PlatformSettings }>('select settings from platform'));
      const { ownership, baseDomain } = rows[0]!.settings;
      if (ownership !== 'dns-txt') return { proved: true, why: 'no proof is asked for' };
      if (hostname.endsWith(`.${baseDomain}`)) return { proved: true, why: `it is below ${baseDomain}` };
      if (!row.proof) return { proved: false, why: 'no proof was drawn for it: remove it, and bind it again' };
      const found = await txtRecords(proofName(hostname), dnsServers);
      if (typeof found === 'string') return { proved: false, why: `no resolver answers for ${proofName(hostname)} (${found})` };
      if (found.includes(row.proof)) return { proved: true, why: `${proofName(hostname)} holds the proof` };
      const there = found.length === 0 ? 'it has none' : `it has ${found.length} other`;
      return { proved: false, why: `${proofName(hostname)} needs a TXT record "${row.proof}"; ${there}` };
    },
  };
}

/** @returns the error's code where no resolver answers: whether there are any is unknown then */
async function txtRecords(name: string, servers: readonly string[] | undefined): Promise<string[] | string> {
  const resolver = new Resolver({ timeout: QUERY_MS, tries: 2 });
  if (servers) resolver.setServers(servers);
  try {
    return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : code;
  }
}
