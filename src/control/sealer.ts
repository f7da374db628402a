import type { Log } from '../log.ts';
import type { Pool } from '../database/pool.ts';
import { sealAudit } from '../database/runs/audit-chain.ts';
import { type Loop, startLoop } from './loop.ts';

export { type AuditVerdict, verifyAudit } from '../database/runs/audit-chain.ts';

/** Seal the audit's rows each second; among several control workers, one at a time. */
export function startSealer({ pool, log, everyMs = 1_000 }: { pool: Pool; log: Log; everyMs?: number }): Loop {
  return startLoop({
    name: 'sealer', everyMs, log,
    async pass(stopping) {
      while (!stopping.aborted && (await sealAudit(pool)) > 0);
    },
  });
}
