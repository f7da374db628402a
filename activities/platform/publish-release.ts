import { readRelease } from '../../src/codebase/release.ts';
import { translated } from '../../src/database/errors.ts';
import type { Pool } from '../../src/database/pool.ts';
import { readRun } from '../../src/database/run.ts';
import { commitFor } from '../../src/database/runs/commit.ts';
import { findSite, liveSite } from '../../src/database/runs/subject.ts';
import { ReeveError } from '../../src/domain/errors.ts';
import type { ProbeTarget } from '../../src/domain/probe.ts';
import { currentRun } from '../../src/temporal/current-run.ts';
import { brokenElsewhere, sampleOf } from './probe.ts';

/** Where a release is tried, and for what it is asked there. */
export interface StartedTrial {
  readonly container: string;
  readonly incarnation: number;
  readonly hostnames: readonly ProbeTarget[];
  /** Those that were down everywhere before: no release is to blame for them. Trials of before this was looked at lack it. */
  readonly broken?: readonly string[];
}

interface OfRelease {
  readonly release: string;
}

/** A release's phase, and which release a site is on, as changes of rows. */
export function publishReleaseActivities({ pool, releasesDir }: { readonly pool: Pool; readonly releasesDir: string }) {
  const phaseOf = async (release: string): Promise<string> => {
    const { rows } = await translated(pool.query<{ phase: string }>(
      'select phase from release where id = $1 and deleted_at is null', [release]));
    if (rows[0]) return rows[0].phase;
    throw new ReeveError('superseded', `release ${release} is gone`, { subject: `release:${release}` });
  };
  const mark = (release: string, type: string, values: Record<string, unknown>, reason?: string) => commitFor(pool, currentRun(), {
    type, reason, metadata: { release, run: currentRun() },
    writes: [{ table: 'release', op: 'update', key: { id: release }, values, expect: { phase: ['preparing', 'failed'] } }],
  });

  return {
    /** From now on sites can be made of it, and containers hold it. */
    async markReady({ release }: OfRelease): Promise<void> {
      if ((await phaseOf(release)) === 'ready') return;
      const installed = await readRelease(releasesDir, release);
      if (!installed) throw new ReeveError('conflict', `release ${release} is not installed`, { subject: `release:${release}` });
      const { manifest } = installed;
      await mark(release, 'release.ready', { phase: 'ready', digest: manifest.digest, manifest });
    },

    /** The row stays, so that its run says why; `of` is that run where another one settles it. */
    async markFailed({ release, of }: OfRelease & { readonly of?: string }): Promise<void> {
      if ((await phaseOf(release)) === 'failed') return;
      const died = of === undefined ? null : await readRun(pool, of);
      await mark(release, 'release.failed', { phase: 'failed' }, died?.error ? `run ${of}: ${died.error.message}` : undefined);
    },

    /** Before a release's files are removed: no site may be on it. */
    async confirmUnready({ release }: OfRelease): Promise<void> {
      if ((await phaseOf(release)) !== 'ready') return;
      throw new ReeveError('conflict', `release ${release} is ready: it is not taken apart`, { subject: `release:${release}` });
    },

    /** @returns the release that the site is on now */
    async confirmUpgradable({ site, release }: OfRelease & { readonly site: string }): Promise<{ from: string }> {
      const row = await liveSite(pool, site);
      if (row.phase !== 'live' && row.phase !== 'suspended') throw new ReeveError('superseded', `site ${site} is ${row.phase}`, { subject: `site:${site}` });
      if (!row.release) throw new ReeveError('conflict', `site ${site} is on no release`, { subject: `site:${site}` });
      const phase = await phaseOf(release);
      if (phase !== 'ready') throw new ReeveError('conflict', `release ${release} is ${phase}`, { subject: `release:${release}` });
      return { from: row.release };
    },

    /** Before a site's database goes back: its code must be the one that the database fits. */
    async confirmRelease({ site, release }: OfRelease & { readonly site: string }): Promise<void> {
      const row = await liveSite(pool, site);
      if (row.release === release) return;
      throw new ReeveError('conflict', `site ${site} is on release ${row.release}: its database is not put back`, { subject: `site:${site}` });
    },

    /**
     * The release is tried in one container: that one alone is given it, as if it were the site's. Repeated, it is the
     * same container while that one is ready.
     * @returns which, and what the site must answer there; null when there is nothing to try: no container is ready, or
     *   the site runs nowhere
     */
    async startTrial({ site, from, release }: OfRelease & { readonly site: string; readonly from: string }): Promise<StartedTrial | null> {
      const { phase, trial } = await liveSite(pool, site);
      if (phase !== 'live') return null;
      const { rows: [chosen] } = await translated(pool.query<{ container: string; incarnation: number }>(
        // The one that has least to do, and waits for nothing.
        `select id as container, incarnation from container where role = 'site' and wanted = 'running' and state = 'ready'
           and lease_expires_at > clock_timestamp()
         order by id = $1 desc, jsonb_array_length(waiting_on), (vassals ->> 'awake')::int, id limit 1`, [trial?.container ?? '']));
      if (!chosen) return null;
      if (trial?.container !== chosen.container || trial.release !== release) {
        await commitFor(pool, currentRun(), {
          type: 'site.trial', metadata: { site, release, container: chosen.container, run: currentRun() },
          writes: [
            { table: 'release', op: 'check', key: { id: release }, expect: { phase: 'ready' } },
            {
              table: 'site', op: 'update', key: { id: site }, values: { trial: { container: chosen.container, release } },
              expect: { release: from, phase: 'live' },
            },
          ],
        });
      }
      // Begun already, what it answers there is the new release's.
      const broken = await brokenElsewhere(pool, trial === null ? '' : chosen.container, [site]);
      return { ...chosen, broken, hostnames: await sampleOf(pool, site, broken) };
    },

    /** Every container is given the site's own release again. */
    async endTrial({ site }: { readonly site: string }): Promise<void> {
      const row = await findSite(pool, site);
      if (!row || row.deleted || row.trial === null) return;
      await commitFor(pool, currentRun(), {
        type: 'site.trial-ended', metadata: { site, run: currentRun() },
        writes: [{ table: 'site', op: 'update', key: { id: site }, values: { trial: null } }],
      });
    },

    /** The site's code is another from now on; the one it came from stays served for pages that still name its files. */
    async publishUpgrade({ site, from, release }: OfRelease & { readonly site: string; readonly from: string }): Promise<void> {
      if ((await liveSite(pool, site)).release === release) return;
      await commitFor(pool, currentRun(), {
        type: 'site.upgraded', metadata: { site, release, run: currentRun() },
        writes: [
          { table: 'release', op: 'check', key: { id: release }, expect: { phase: 'ready' } },
          {
            table: 'site', op: 'update', key: { id: site }, values: { release, previous_release: from, trial: null },
            expect: { release: from, phase: ['live', 'suspended'] },
          },
        ],
      });
    },
  };
}
