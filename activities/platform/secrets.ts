/** Another version of a site's secrets, as steps: it is let in beside the present one, published, and then alone. */
import type { Pool } from '../../src/database/pool.ts';
import { commitFor } from '../../src/database/runs/commit.ts';
import { liveSite } from '../../src/database/runs/subject.ts';
import { ReeveError } from '../../src/domain/errors.ts';
import { siteSettings } from '../../src/domain/site.ts';
import type { SitesParts } from '../../src/sites/open.ts';
import { createRole, dropLogins } from '../../src/sites/role.ts';
import { retireFormer, settleMs } from '../../src/sites/secrets.ts';
import { administeredBy, expectSite, madeFor, type SiteSubject } from '../../src/sites/subject.ts';
import { currentRun } from '../../src/temporal/current-run.ts';

interface OfSite { readonly site: string }
/** `from`: the version that the site has; the next one is made. */
interface OfVersion extends OfSite { readonly from: number }

export function secretsActivities({ pool, parts }: { readonly pool: Pool; readonly parts: SitesParts }) {
  const { sitesAdmin, sitesKey, store } = parts;
  const served = async (site: string) => administeredBy(sitesAdmin, await expectSite(pool, site, ['live', 'suspended']));
  /** @throws ReeveError `superseded` when it has another version by now */
  const atVersion = async ({ site, from }: OfVersion): Promise<SiteSubject> => {
    const subject = await served(site);
    if (subject.site.secretVersion === from) return subject;
    throw new ReeveError('superseded', `site ${site} has version ${subject.site.secretVersion} of its secrets, not ${from}`, { subject: `site:${site}` });
  };

  return {
    /** @returns its version, and how long a request may go on that was begun with it in a vassal that is replaced */
    async confirmRotatable({ site }: OfSite): Promise<{ from: number; settleMs: number }> {
      const { site: { secretVersion, settings } } = await served(site);
      return { from: secretVersion, settleMs: settleMs(settings) };
    },

    async letIntoDatabase({ site, from }: OfVersion): Promise<void> {
      const { site: { settings } } = await atVersion({ site, from });
      const { connections } = siteSettings(settings);
      await madeFor(pool, currentRun(),
        () => createRole(sitesAdmin, sitesKey, { site, version: from + 1, connections }),
        () => dropLogins(sitesAdmin, site, [from + 1]));
    },

    /** The way back of letIntoDatabase. What is published stays, whoever asks. */
    async shutOutOfDatabase({ site }: OfSite): Promise<void> {
      const { site: { secretVersion } } = await served(site);
      await dropLogins(sitesAdmin, site, [secretVersion + 1]);
    },

    async letIntoStore({ site, from }: OfVersion): Promise<void> {
      const { site: row, settings } = await atVersion({ site, from });
      const kept = store.of(row, settings);
      await madeFor(pool, currentRun(), () => kept.letIn({ ...row, secretVersion: from + 1 }), () => kept.shutOut(row, [from + 1]));
    },

    /** The way back of letIntoStore. */
    async shutOutOfStore({ site }: OfSite): Promise<void> {
      const { site: row, settings } = await served(site);
      await store.of(row, settings).shutOut(row, [row.secretVersion + 1]);
    },

    /** @param behind containers that had not followed when requests with the former ones were given their time: they hold them back */
    async retireSecrets({ site, behind }: OfSite & { readonly behind?: readonly string[] }): Promise<{ heldBack: readonly string[] }> {
      return { heldBack: await retireFormer(pool, parts, await served(site), behind) };
    },
  };
}

/** From now on the site is rendered with the next version. */
export function publishSecretsActivities({ pool }: { readonly pool: Pool }) {
  return {
    async publishSecrets({ site, from }: OfVersion): Promise<void> {
      if ((await liveSite(pool, site)).secretVersion === from + 1) return;
      await commitFor(pool, currentRun(), {
        type: 'site.secrets-rotated', metadata: { site, version: from + 1, run: currentRun() },
        writes: [{
          table: 'site', op: 'update', key: { id: site }, values: { secret_version: from + 1 },
          expect: { secret_version: from, phase: ['live', 'suspended'] },
        }],
      });
    },
  };
}
