import type { Pool } from '../database/pool.ts';
import { readStragglers } from '../database/runs/convergence.ts';
import type { Log } from '../log.ts';
import type { SitesParts } from '../sites/open.ts';
import { retireFormer, settleMs, sitesHeldBack } from '../sites/secrets.ts';
import { readSubject } from '../sites/subject.ts';
import { type Loop, startLoop } from './loop.ts';

/**
 * Retire what a rotation could not, since some container had not followed: once all have, or have ended, and requests
 * that one of them may have begun before have had their time. What was seen since when is this worker's own: another one
 * begins anew, which only takes longer.
 */
export function startFormerSecrets({ pool, parts, log, everyMs = 15_000, settle = settleMs }: {
  pool: Pool; parts: SitesParts; log: Log; everyMs?: number; settle?: (settings: unknown) => number;
}): Loop {
  /** Site and version → since when no container holds it back, ms. */
  const free = new Map<string, number>();
  return startLoop({
    name: 'former secrets', everyMs, log,
    async pass() {
      for (const site of await sitesHeldBack(pool, parts.sitesAdmin.id)) {
        const subject = await readSubject(pool, site);
        if (!subject) continue;
        const key = `${site} ${subject.site.secretVersion}`;
        const heldBack = (await readStragglers(pool, site)).length > 0;
        const since = heldBack ? undefined : free.get(key) ?? Date.now();
        if (since === undefined) free.delete(key);
        else free.set(key, since);
        if (since === undefined || Date.now() - since < settle(subject.site.settings)) continue;
        if ((await retireFormer(pool, parts, subject)).length === 0) log.info('former secrets retired', { site });
        free.delete(key);
      }
    },
  });
}
