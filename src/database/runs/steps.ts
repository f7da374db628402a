/** What people see of a run while it goes on. Written at best effort: no step waits or fails for its record. */
import type { Queryable } from '../pool.ts';

/** A step's attempt has begun; a later attempt keeps the time of the first. */
export async function stepStarted(pool: Queryable, step: { run: string; name: string; attempt: number }): Promise<void> {
  await pool.query(
    `insert into run_step as s (run, name, state, attempt, started_at)
       values ($1, $2, 'running', $3, clock_timestamp())
     on conflict (run, name) do update set state = 'running', attempt = excluded.attempt, ended_at = null,
       started_at = case when excluded.attempt > 1 then s.started_at else excluded.started_at end,
       message = case when excluded.attempt > 1 then s.message end`,
    [step.run, step.name, step.attempt],
  );
}

export interface StepEnd {
  readonly run: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: 'completed' | 'failed' | 'cancelled';
  readonly message?: string | undefined;
}

/**
 * A step's attempt has ended; the run's progress follows, counted over the steps of its type. An attempt that a later
 * one has overtaken (its worker was thought dead) says nothing any more.
 */
export async function stepEnded(pool: Queryable, end: StepEnd, planned: readonly string[]): Promise<void> {
  await pool.query(
    `with ended as (
       update run_step set state = $4, ended_at = clock_timestamp(), message = $5
         where run = $1 and name = $2 and attempt <= $3 returning 1)
     update run set progress = greatest(progress, (
         select count(*) from run_step where run = $1 and name = any($6)
           and (state = 'completed' or (name = $2 and $4 = 'completed')))::real / $7)
       where id = $1 and state = 'running' and exists (select 1 from ended)`,
    [end.run, end.name, end.attempt, end.state, end.message?.slice(0, 2_000) ?? null, planned, Math.max(planned.length, 1)],
  );
}
