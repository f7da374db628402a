import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

export interface Condition {
  readonly status: 'true' | 'false' | 'unknown';
  /** One word for programs, like `ProbeFailed`. */
  readonly reason: string;
  readonly message: string;
}

/** Write what was observed of a site; `since` moves only when the status does. */
export async function setCondition(pool: Queryable, site: string, type: string, to: Condition): Promise<void> {
  await translated(pool.query(
    `insert into site_condition as c (site, type, status, reason, message) values ($1, $2, $3, $4, $5)
     on conflict (site, type) do update set status = excluded.status, reason = excluded.reason, message = excluded.message,
       since = case when c.status = excluded.status then c.since else clock_timestamp() end`,
    [site, type, to.status, to.reason, to.message.slice(0, 2_000)]));
}
