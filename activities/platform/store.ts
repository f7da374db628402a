/** A site's file store, as steps: ids in, nothing out; each may be repeated. */
import type { Pool } from '../../src/database/pool.ts';
import type { SitesParts } from '../../src/sites/open.ts';
import { expectRemovable, expectSite, madeFor, type SiteSubject } from '../../src/sites/subject.ts';
import { currentRun } from '../../src/temporal/current-run.ts';

interface OfSite { readonly site: string }

export function storeActivities({ pool, parts }: { readonly pool: Pool; readonly parts: SitesParts }) {
  const storeOf = ({ site, settings }: SiteSubject) => parts.store.of(site, settings);
  return {
    async createStore({ site }: OfSite): Promise<void> {
      const subject = await expectSite(pool, site, ['creating']);
      const store = storeOf(subject);
      await madeFor(pool, currentRun(), () => store.create(subject.site), () => store.drop(subject.site));
    },

    async dropStore({ site }: OfSite): Promise<void> {
      const subject = await expectRemovable(pool, site);
      await storeOf(subject).drop(subject.site);
    },

    async lockStore({ site }: OfSite): Promise<void> {
      const subject = await expectSite(pool, site, ['deleted']);
      await storeOf(subject).lock(subject.site);
    },

    async unlockStore({ site }: OfSite): Promise<void> {
      const subject = await expectSite(pool, site, ['deleted']);
      await storeOf(subject).unlock(subject.site);
    },
  };
}
