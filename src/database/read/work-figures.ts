import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

export interface WorkFigures {
  /** Open ones, and those that ended within the last hour. */
  readonly runs: readonly { readonly type: string; readonly state: string; readonly n: number }[];
  /** Seconds; 0 when none waits. */
  readonly oldestRequested: number;
  readonly incidents: readonly { readonly severity: string; readonly state: string; readonly n: number }[];
  /** Pending ones, and those that ended within the last hour. */
  readonly deliveries: readonly { readonly state: string; readonly n: number }[];
  readonly oldestPending: number;
}

/** What goes on, for metrics: only what is open or recent, so that a scrape costs the same after a year. */
export async function readWorkFigures(db: Queryable): Promise<WorkFigures> {
  const { rows } = await translated(db.query<WorkFigures>(`
    select
      coalesce((select jsonb_agg(r) from (select type, state, count(*) as n from run
        where state in ('requested', 'running') or (requested_at > clock_timestamp() - interval '1 day' and ended_at > clock_timestamp() - interval '1 hour')
        group by 1, 2) r), '[]') as runs,
      coalesce((select extract(epoch from clock_timestamp() - min(requested_at)) from run where state = 'requested'), 0)::float8 as "oldestRequested",
      coalesce((select jsonb_agg(i) from (select severity, state, count(*) as n from incident where state <> 'closed' group by 1, 2) i), '[]') as incidents,
      coalesce((select jsonb_agg(d) from (select state, count(*) as n from delivery
        where state = 'pending' or (at > clock_timestamp() - interval '1 day' and ended_at > clock_timestamp() - interval '1 hour')
        group by 1) d), '[]') as deliveries,
      coalesce((select extract(epoch from clock_timestamp() - min(at)) from delivery where state = 'pending'), 0)::float8 as "oldestPending"`));
  return rows[0]!;
}
