/** What a run left that was cut off: looked up in the rows, and on the sites' server. */
import { translated } from '../../src/database/errors.ts';
import type { Pool } from '../../src/database/pool.ts';
import { findSite } from '../../src/database/runs/subject.ts';
import type { RunInputs } from '../../src/domain/run.ts';
import type { SitesParts } from '../../src/sites/open.ts';
import { hasSnapshot } from '../../src/sites/snapshot.ts';

/**
 * How an upgrade stands: `unpublished`, the site is on its former release; `published`, on the new one; `passed`,
 * something else has decided since (a later upgrade, a deletion), and only the snapshot is left over.
 */
export interface CutOffUpgrade {
  readonly at: 'unpublished' | 'published' | 'passed';
  /** The release to go back to, where it is published. */
  readonly from: string | null;
  /** Without one nothing was migrated yet, or the upgrade was whole. */
  readonly snapshot: boolean;
}

type Input = RunInputs['settleRun'];

/** @param snapshotOf whether the sites' server has the snapshot of a run */
export async function planUpgradeSettling(
  pool: Pool, { of, site, release }: Input, snapshotOf: (site: string, run: string) => Promise<boolean>,
): Promise<CutOffUpgrade> {
  const snapshot = await snapshotOf(site!, of);
  const row = await findSite(pool, site!);
  const { rows: later } = await translated(pool.query(
    `select 1 from run where site = $1 and type = 'upgradeSite' and id <> $2 and claimed_at is not null
       and requested_at > (select requested_at from run where id = $2) limit 1`, [site, of]));
  const isServed = row !== null && !row.deleted && (row.phase === 'live' || row.phase === 'suspended');
  if (!isServed || later.length > 0) return { at: 'passed', from: null, snapshot };
  return row.release === release ? { at: 'published', from: row.previousRelease, snapshot } : { at: 'unpublished', from: null, snapshot };
}

export function settleActivities({ pool, parts: { sitesAdmin } }: { readonly pool: Pool; readonly parts: Pick<SitesParts, 'sitesAdmin'> }) {
  return {
    async planSettling(input: Input): Promise<CutOffUpgrade> {
      return await planUpgradeSettling(pool, input, (site, run) => hasSnapshot(sitesAdmin, site, run));
    },
  };
}
