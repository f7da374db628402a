import { translated } from '../../src/database/errors.ts';
import type { Pool } from '../../src/database/pool.ts';

export function sweepActivities({ pool }: { readonly pool: Pool }) {
  return {
    /** Whom to ask for a sweep: the containers that are ready and alive now. */
    async planSweep(): Promise<{ readonly container: string; readonly incarnation: number }[]> {
      const { rows } = await translated(pool.query<{ container: string; incarnation: number }>(
        `select id as container, incarnation from container where role = 'site' and wanted = 'running' and state = 'ready'
           and lease_expires_at > clock_timestamp() order by id`));
      return rows;
    },
  };
}
