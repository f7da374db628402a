/** A site's database and its roles, as steps: ids in, nothing or figures out; each may be repeated. */
import { cancellationSignal } from '@temporalio/activity';
import { migrate, runHook } from '../../src/codebase/index.ts';
import type { Pool } from '../../src/database/pool.ts';
import { ReeveError } from '../../src/domain/errors.ts';
import { siteSettings } from '../../src/domain/site.ts';
import { forSite, inShort } from '../../src/sites/command.ts';
import { createDatabase, dropDatabase, lockDatabase, unlockDatabase } from '../../src/sites/database.ts';
import type { SitesParts } from '../../src/sites/open.ts';
import { createRole, dropRole } from '../../src/sites/role.ts';
import { dropSnapshot, restoreSnapshot, snapshotDatabase, type WentBack } from '../../src/sites/snapshot.ts';
import { administeredBy, expectRelease, expectRemovable, expectRunning, expectSite, madeFor, type SiteSubject } from '../../src/sites/subject.ts';
import { currentRun } from '../../src/temporal/current-run.ts';

interface OfSite { readonly site: string }
interface OfSnapshot extends OfSite { readonly run: string }

export function databaseActivities({ pool, parts }: { readonly pool: Pool; readonly parts: SitesParts }) {
  const { sitesAdmin, sitesKey } = parts;
  const here = (subject: SiteSubject) => administeredBy(sitesAdmin, subject);

  return {
    async createRole({ site }: OfSite): Promise<void> {
      const subject = here(await expectSite(pool, site, ['creating']));
      const { connections } = siteSettings(subject.site.settings);
      await parts.prepared();
      await madeFor(pool, currentRun(),
        () => createRole(sitesAdmin, sitesKey, { site, version: subject.site.secretVersion, connections }),
        () => dropRole(sitesAdmin, site));
    },

    async dropRole({ site }: OfSite): Promise<void> {
      here(await expectRemovable(pool, site));
      await dropRole(sitesAdmin, site);
    },

    async createDatabase({ site }: OfSite): Promise<void> {
      const subject = here(await expectSite(pool, site, ['creating']));
      const { release } = subject.site;
      if (!release) throw new ReeveError('conflict', `site ${site} has no release`, { subject: `site:${site}` });
      const { connections } = siteSettings(subject.site.settings);
      await madeFor(pool, currentRun(),
        () => createDatabase(sitesAdmin, { site, release, connections }),
        () => dropDatabase(sitesAdmin, site));
    },

    async dropDatabase({ site }: OfSite): Promise<void> {
      here(await expectRemovable(pool, site));
      await dropDatabase(sitesAdmin, site);
    },

    async lockDatabase({ site }: OfSite): Promise<void> {
      here(await expectSite(pool, site, ['deleted']));
      await lockDatabase(sitesAdmin, site);
    },

    async unlockDatabase({ site }: OfSite): Promise<void> {
      here(await expectSite(pool, site, ['deleted']));
      await unlockDatabase(sitesAdmin, site);
    },

    /** The site is without its database for as long as the copy takes. */
    async snapshotDatabase({ site, run }: OfSnapshot): Promise<{ pausedMs: number }> {
      here(await expectSite(pool, site, ['live', 'suspended']));
      let pausedMs = 0;
      await madeFor(pool, currentRun(),
        async () => { ({ pausedMs } = await snapshotDatabase(sitesAdmin, site, run)); },
        () => dropSnapshot(sitesAdmin, site, run));
      return { pausedMs };
    },

    async restoreSnapshot({ site, run }: OfSnapshot): Promise<WentBack> {
      here(await expectSite(pool, site, ['live', 'suspended']));
      return await restoreSnapshot(sitesAdmin, site, run);
    },

    async dropSnapshot({ site, run }: OfSnapshot): Promise<void> {
      await dropSnapshot(sitesAdmin, site, run);
    },

    /** Bring the database to another release's schema, as the site would itself. */
    async migrateDatabase({ site, release }: OfSite & { readonly release: string }): Promise<{ ms: number }> {
      const subject = here(await expectSite(pool, site, ['live', 'suspended']));
      await expectRelease(pool, release, ['ready']);
      await expectRunning(pool, currentRun());
      const done = await forSite(parts, subject, release, cancellationSignal(), migrate);
      return { ms: inShort(done).ms };
    },

    /** The codebase's own first content. */
    async runCreatedHook({ site }: OfSite): Promise<{ ran: boolean; ms: number }> {
      const subject = here(await expectSite(pool, site, ['creating']));
      return inShort(await forSite(parts, subject, subject.site.release!, cancellationSignal(), (what) => runHook('created', what)));
    },

    /** The codebase writes the site's new address where it keeps one. */
    async runPrimaryChangedHook({ site }: OfSite): Promise<{ ran: boolean; ms: number }> {
      const subject = here(await expectSite(pool, site, ['live', 'suspended']));
      return inShort(await forSite(parts, subject, subject.site.release!, cancellationSignal(), (what) => runHook('primaryChanged', what)));
    },
  };
}
