import type { Write } from '../../src/database/change.ts';
import type { Pool } from '../../src/database/pool.ts';
import { commitFor } from '../../src/database/runs/commit.ts';
import { findHostname, type HostnameSubject, hostnamesOf, liveSite } from '../../src/database/runs/subject.ts';
import { ReeveError } from '../../src/domain/errors.ts';
import type { HostnameRole } from '../../src/domain/desired.ts';
import { currentRun } from '../../src/temporal/current-run.ts';

interface OfHostname {
  readonly site: string;
  readonly hostname: string;
}

/** Binding as changes of rows, each in one transaction, none of them twice. */
export function publishHostnameActivities({ pool }: { readonly pool: Pool }) {
  /** @throws ReeveError `superseded` when it is not this site's (any more) */
  const own = async ({ site, hostname }: OfHostname): Promise<HostnameSubject> => {
    const row = await findHostname(pool, hostname);
    if (row?.site === site) return row;
    throw new ReeveError('superseded', `${hostname} is not held for site ${site}`, { subject: `hostname:${hostname}` });
  };

  return {
    /**
     * From now on it is served. A new primary makes the old one an alias in the same change, so that the site has
     * exactly one at each generation.
     * @returns whether the site's primary hostname is another one than before
     */
    async publishHostname({ site, hostname, role }: OfHostname & { readonly role: HostnameRole }): Promise<{ primaryChanged: boolean }> {
      const primaryChanged = role === 'primary';
      const row = await own({ site, hostname });
      if (row.phase === 'bound' && row.role === role) return { primaryChanged };
      if (row.phase === 'bound' && row.role === 'primary') {
        throw new ReeveError('conflict', `${hostname} is the site’s primary hostname: make another one primary instead`,
          { subject: `hostname:${hostname}` });
      }
      const phase = (await liveSite(pool, site)).phase;
      if (phase !== 'live' && phase !== 'suspended') {
        throw new ReeveError('superseded', `site ${site} is ${phase}`, { subject: `site:${site}` });
      }
      const before = primaryChanged
        ? (await hostnamesOf(pool, site)).find((each) => each.role === 'primary' && each.phase === 'bound' && each.hostname !== hostname)
        : undefined;
      const demoted: Write[] = before
        ? [{ table: 'hostname', op: 'update', key: { hostname: before.hostname }, values: { role: 'alias' }, expect: { site, role: 'primary' } }]
        : [];
      await commitFor(pool, currentRun(), {
        type: 'hostname.bound', metadata: { site, hostname, role, run: currentRun() },
        writes: [
          { table: 'site', op: 'check', key: { id: site }, expect: { phase: ['live', 'suspended'] } },
          ...demoted,
          {
            table: 'hostname', op: 'update', key: { hostname }, expect: { site, phase: row.phase },
            values: { phase: 'bound', role, proved_at: new Date().toISOString() },
          },
        ],
      });
      return { primaryChanged };
    },

    /** The way back of a binding that was not published: the name is free again. A bound one stays. */
    async releaseHostname({ site, hostname }: OfHostname): Promise<void> {
      const row = await findHostname(pool, hostname);
      if (!row || row.site !== site || row.phase === 'bound') return;
      await commitFor(pool, currentRun(), {
        type: 'hostname.released', metadata: { site, hostname, run: currentRun() },
        writes: [{ table: 'hostname', op: 'delete', key: { hostname }, expect: { site, phase: 'reserved' } }],
      });
    },

    /** It is not served any more, and free for others. */
    async unpublishHostname({ site, hostname }: OfHostname): Promise<void> {
      const row = await findHostname(pool, hostname);
      if (!row) return;
      await own({ site, hostname });
      const others = (await hostnamesOf(pool, site)).filter((each) => each.hostname !== hostname && each.phase === 'bound');
      if (row.role === 'primary' && row.phase === 'bound' && others.length > 0) {
        throw new ReeveError('conflict', `${hostname} is the site’s primary hostname: make another one primary first`,
          { subject: `hostname:${hostname}` });
      }
      await commitFor(pool, currentRun(), {
        type: 'hostname.unbound', metadata: { site, hostname, run: currentRun() },
        writes: [{ table: 'hostname', op: 'delete', key: { hostname }, expect: { site } }],
      });
    },
  };
}
