/** A release on disk, and its template database, as steps: ids in, figures out; each may be repeated. */
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { discardRelease, installRelease, migrate, type PythonTools, throwawaySite, withDirectory } from '../../src/codebase/index.ts';
import { translated } from '../../src/database/errors.ts';
import type { Pool } from '../../src/database/pool.ts';
import { ReeveError } from '../../src/domain/errors.ts';
import { installedRelease, nobodysUser, refusing } from '../../src/sites/command.ts';
import type { SitesParts } from '../../src/sites/open.ts';
import { expectRelease, expectRunning } from '../../src/sites/subject.ts';
import { createTemplate, dropTemplate } from '../../src/sites/template.ts';
import { currentRun } from '../../src/temporal/current-run.ts';

interface OfRelease { readonly release: string }

export function releaseActivities({ pool, parts, installTools }: {
  readonly pool: Pool;
  readonly parts: SitesParts;
  /** How virtual environments are made here. */
  readonly installTools: PythonTools;
}) {
  const { sitesAdmin, releasesDir } = parts;
  return {
    /** Copy, install, try and collect: some seconds, or minutes where wheels are fetched. */
    async installRelease({ release }: OfRelease): Promise<{ digest: string }> {
      const { source } = await expectRelease(pool, release, ['preparing']);
      await expectRunning(pool, currentRun());
      const installed = await refusing(() => installRelease({
        path: source, releasesDir, releaseId: release, user: nobodysUser(parts), signal: cancellationSignal(),
        report: (message) => heartbeat({ message }), ...installTools,
      }));
      return { digest: installed.manifest.digest };
    },

    /** What each site of the release will be cloned from: migrated as a site's owner would, without the hooks. */
    async prepareTemplate({ release }: OfRelease): Promise<{ made: boolean }> {
      const { databaseServer } = await expectRelease(pool, release, ['preparing']);
      if (databaseServer !== null && databaseServer !== sitesAdmin.id) {
        throw new ReeveError('conflict', `release ${release} is for database server ${databaseServer}; this worker administers ${sitesAdmin.id}`,
          { databaseServer });
      }
      await expectRunning(pool, currentRun());
      await parts.prepared();
      const installed = await installedRelease(parts, release);
      const { manifest } = installed;
      const user = nobodysUser(parts);
      return await createTemplate(sitesAdmin, release, (database) => withDirectory(user, async (directory) => {
        heartbeat({ message: 'migrating the template database' });
        const statics = { url: manifest.static.url, root: installed.static };
        const site = await throwawaySite(directory, statics, manifest.media.url, { database, user });
        await refusing(() => migrate({ release: installed, site, user, signal: cancellationSignal() }));
      }));
    },

    /** Its template and its files go; one that is ready, or that a site is on, is refused. */
    async dropRelease({ release }: OfRelease): Promise<void> {
      await expectRelease(pool, release, ['preparing', 'failed', 'retired']);
      const { rows } = await translated(pool.query<{ id: string }>(
        'select id from site where deleted_at is null and (release = $1 or previous_release = $1) limit 1', [release]));
      if (rows[0]) throw new ReeveError('conflict', `site ${rows[0].id} is on release ${release}`, { subject: `release:${release}` });
      await dropTemplate(sitesAdmin, release);
      await discardRelease(releasesDir, release);
    },
  };
}
