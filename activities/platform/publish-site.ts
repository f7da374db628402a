/**
 * A site's life as changes of its row. Each is one transaction that checks what it expects, and does nothing when it was
 * done already: the run holds the site's lock, so only this run can have done it.
 */
import type { Pool } from '../../src/database/pool.ts';
import { commitFor } from '../../src/database/runs/commit.ts';
import { setCondition } from '../../src/database/runs/condition.ts';
import { RESTORABLE_MS } from '../../src/database/requests/site-life.ts';
import { findSite, hostnamesOf, liveSite } from '../../src/database/runs/subject.ts';
import { phaseBeforeDeletion } from '../../src/database/runs/before.ts';
import { ReeveError } from '../../src/domain/errors.ts';
import { currentRun } from '../../src/temporal/current-run.ts';

interface OfSite {
  readonly site: string;
}

export function publishSiteActivities({ pool }: { readonly pool: Pool }) {
  const update = (site: string, type: string, values: Record<string, unknown>, expect: Record<string, unknown>) => ({
    type, metadata: { site, run: currentRun() },
    writes: [{ table: 'site' as const, op: 'update' as const, key: { id: site }, values, expect }],
  });
  const commit = (change: Parameters<typeof commitFor>[2]) => commitFor(pool, currentRun(), change);

  return {
    /** From now on visitors are served: the site with its platform hostname, in one change. */
    async publishSite({ site, hostname }: OfSite & { readonly hostname: string }): Promise<void> {
      if ((await liveSite(pool, site)).phase === 'live') return;
      const change = update(site, 'site.published', { phase: 'live' }, { phase: 'creating' });
      await commit({
        ...change,
        metadata: { ...change.metadata, hostname },
        writes: [...change.writes, {
          table: 'hostname', op: 'update', key: { hostname }, values: { phase: 'bound' }, expect: { site, phase: 'reserved' },
        }],
      });
    },

    /** Before a site that is being created is taken apart: visitors must not have seen it. */
    async confirmUnpublished({ site }: OfSite): Promise<void> {
      const row = await findSite(pool, site);
      if (!row || row.deleted || row.phase === 'creating') return;
      throw new ReeveError('conflict', `site ${site} is ${row.phase}: it is not taken apart`, { subject: `site:${site}` });
    },

    /** It is made, and its people may use it; whether it serves well is the condition `Serving`, which goes on changing. */
    async activate({ site }: OfSite): Promise<void> {
      await setCondition(pool, site, 'Active', { status: 'true', reason: 'Published', message: '' });
    },

    /**
     * Nothing is served any more; hostnames stay reserved for it, and it can be restored until `purge_at`. The API does
     * this in the change that requests the run, where the shrink guard can say no to a person.
     */
    async unpublishSite({ site }: OfSite): Promise<void> {
      if ((await liveSite(pool, site)).phase === 'deleted') return;
      await commit(update(site, 'site.deleted',
        { phase: 'deleted', purge_at: new Date(Date.now() + RESTORABLE_MS).toISOString() },
        { phase: ['live', 'suspended', 'creating'] }));
    },

    /** @throws ReeveError `superseded` when the site is not one that can be restored */
    async confirmRestorable({ site }: OfSite): Promise<void> {
      const row = await liveSite(pool, site);
      if (row.phase === 'deleted') return;
      throw new ReeveError('superseded', `site ${site} is ${row.phase}, not deleted`, { subject: `site:${site}` });
    },

    /** Before a restored site's parts are put aside again: visitors must not have it back already. */
    async confirmDeleted({ site }: OfSite): Promise<void> {
      const row = await findSite(pool, site);
      if (!row || row.deleted || row.phase === 'deleted') return;
      throw new ReeveError('conflict', `site ${site} is ${row.phase}: it is not put aside`, { subject: `site:${site}` });
    },

    /** As it was before it was deleted: live, or suspended. */
    async republishSite({ site }: OfSite): Promise<void> {
      if ((await liveSite(pool, site)).phase !== 'deleted') return;
      const phase = await phaseBeforeDeletion(pool, site);
      await commit(update(site, 'site.restored', { phase, purge_at: null }, { phase: 'deleted' }));
    },

    async publishSuspension({ site }: OfSite): Promise<void> {
      if ((await liveSite(pool, site)).phase === 'suspended') return;
      await commit(update(site, 'site.suspended', { phase: 'suspended' }, { phase: 'live' }));
    },

    async publishResumption({ site }: OfSite): Promise<void> {
      if ((await liveSite(pool, site)).phase === 'live') return;
      await commit(update(site, 'site.resumed', { phase: 'live' }, { phase: 'suspended' }));
    },

    /**
     * What may be purged: a deleted site, or one whose creation was cut off. Anything else ends the run. From now on it
     * is due: should this run be cut off, housekeeping asks for another one.
     */
    async confirmPurgeable({ site }: OfSite): Promise<void> {
      const row = await findSite(pool, site);
      if (!row || row.deleted || row.phase === 'creating') return;
      if (row.phase === 'deleted') {
        if (row.purgeAt !== null && row.purgeAt.getTime() <= Date.now()) return;
        return await commit(update(site, 'site.purging', { purge_at: new Date().toISOString() }, { phase: 'deleted' })).then(() => {});
      }
      throw new ReeveError('superseded', `site ${site} is ${row.phase}: only a deleted site can be purged`, { subject: `site:${site}` });
    },

    /** Its rows become tombstones, its hostnames are free again. A site that is served is never forgotten. */
    async forgetSite({ site }: OfSite): Promise<void> {
      const row = await findSite(pool, site);
      if (!row || row.deleted) return;
      const hostnames = await hostnamesOf(pool, site);
      await commit({
        type: 'site.purged', metadata: { site, run: currentRun() },
        writes: [
          ...hostnames.map(({ hostname }) => ({ table: 'hostname' as const, op: 'delete' as const, key: { hostname }, expect: { site } })),
          { table: 'site', op: 'delete', key: { id: site }, expect: { phase: ['creating', 'deleted'] } },
        ],
      });
    },
  };
}
