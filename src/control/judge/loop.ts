/**
 * The judge: every few seconds, from rows alone, whose fault is what, which incidents that opens and closes, and what is
 * done about them. One on the whole platform, by a lock in Postgres; any control worker may be it.
 */
import type { Pool } from '../../database/pool.ts';
import { transaction } from '../../database/pool.ts';
import type { DatabaseFact } from '../../domain/database-state.ts';
import type { Log } from '../../log.ts';
import { type Loop, startLoop } from '../loop.ts';
import { look, type Memory, NOTHING } from './look.ts';

export interface Judging {
  readonly pool: Pool;
  readonly log: Log;
  /** Ask these database servers how they are. */
  askDatabases(servers: readonly string[]): Promise<readonly DatabaseFact[]>;
  /** The last traceback in a site's log in a container; null where there is none, or nobody answers. */
  askTraceback(container: string, site: string): Promise<string | null>;
}

/** `reeve judge` in ASCII, shortened to what a lock's key holds. */
export const LOCK = 0x6a756467;

export function startJudge(judging: Judging & { readonly everyMs?: number }): Loop {
  const { log, everyMs = 3_000 } = judging;
  let memory: Memory = NOTHING;
  return startLoop({
    name: 'judge', everyMs, log,
    async pass() {
      const before = memory;
      // A look that fails begins anew: who has not looked cannot say that others were silent.
      memory = NOTHING;
      memory = await lookAlone(judging, before);
    },
  });
}

/** One look, unless another one looks: then nothing is forgotten, for how long a gap may be is src/domain/lease.ts's to say. */
export async function lookAlone(judging: Judging, before: Memory): Promise<Memory> {
  return await transaction(judging.pool, 'begin', async (client) => {
    const { rows: [lock] } = await client.query<{ got: boolean }>('select pg_try_advisory_xact_lock($1) as got', [LOCK]);
    return lock!.got ? await look(judging, before) : before;
  });
}
