import type { SitePhase } from '../../domain/desired.ts';
import { translated } from '../errors.ts';
import type { Pool } from '../pool.ts';

/** What a deleted site was before, from the audit of its deletion: a suspended site is not served by restoring it. */
export async function phaseBeforeDeletion(pool: Pool, site: string): Promise<SitePhase> {
  const { rows } = await translated(pool.query<{ phase: SitePhase }>(
    `select before ->> 'phase' as phase from audit
       where subject = 'site:' || $1 and after ->> 'phase' = 'deleted' and before ->> 'phase' <> 'deleted'
       order by id desc limit 1`, [site]));
  return rows[0]?.phase === 'suspended' ? 'suspended' : 'live';
}
