/** The versions of a site's secrets: who lets them in, and until when. */
import { VASSAL_POLICY } from '../agent/vassals/plan.ts';
import { translated } from '../database/errors.ts';
import type { Pool } from '../database/pool.ts';
import { setCondition } from '../database/runs/condition.ts';
import { readStragglers } from '../database/runs/convergence.ts';
import { siteSettings } from '../domain/site.ts';
import type { SitesParts } from './open.ts';
import { dropLogins } from './role.ts';
import type { SiteSubject } from './subject.ts';

/** A container's next pass after a vassal was switched, and a clock or two. */
const MARGIN_MS = 3_000;

/** How long a request may still go on that was begun with the former secrets, in a vassal that has just been replaced. */
export const settleMs = (settings: unknown): number => VASSAL_POLICY.drainMs + siteSettings(settings).harakiri * 1_000 + MARGIN_MS;

/** Let in these versions of the site's secrets no more, neither to its database nor to its store. Idempotent. */
export async function shutOut({ sitesAdmin, store }: SitesParts, { site, settings }: SiteSubject, versions: readonly number[]): Promise<void> {
  await dropLogins(sitesAdmin, site.id, versions);
  await store.of(site, settings).shutOut(site, versions);
}

/**
 * Let in the site's newest secrets alone, once no container can be using former ones. The site's condition says whether
 * they are retired.
 * @param subject the site as it was read: what was published since is not touched
 * @param behind containers that hold it back whether they have followed since or not: requests that they began before may go on
 * @returns the containers that hold it back; none when it is done
 */
export async function retireFormer(
  pool: Pool, parts: SitesParts, subject: SiteSubject, behind: readonly string[] = [],
): Promise<readonly string[]> {
  const { id, secretVersion } = subject.site;
  const former = Array.from({ length: secretVersion - 1 }, (_, i) => i + 1);
  const heldBack = behind.length > 0 ? behind : await readStragglers(pool, id);
  if (heldBack.length === 0) await shutOut(parts, subject, former);
  await noteRetired(pool, id, heldBack);
  return heldBack;
}

/** The sites, of those on this server, whose former secrets still work, and that no run holds. */
export async function sitesHeldBack(pool: Pool, server: string): Promise<string[]> {
  const { rows } = await translated(pool.query<{ id: string }>(
    `select s.id from site s join site_condition c on c.site = s.id and c.type = 'FormerSecretsRetired' and c.status = 'unknown'
     where s.database_server = $1 and s.phase in ('live', 'suspended') and s.deleted_at is null
       and not exists (select 1 from run_lock where subject = 'site:' || s.id and mode = 'exclusive') order by s.id`, [server]));
  return rows.map(({ id }) => id);
}

/** A site whose former secrets still work is not degraded: whether anyone uses them is unknown. */
export async function noteRetired(pool: Pool, site: string, heldBack: readonly string[]): Promise<void> {
  await setCondition(pool, site, 'FormerSecretsRetired', heldBack.length === 0
    ? { status: 'true', reason: 'Retired', message: '' }
    : { status: 'unknown', reason: 'HeldBack', message: `the former secrets work until these have followed, or have ended: ${heldBack.join(', ')}` });
}
