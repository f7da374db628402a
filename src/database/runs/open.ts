/** Open runs, as those who start, cancel and bury them need them. */
import type { RunId } from '../../domain/id.ts';
import type { RunInputs, RunType } from '../../domain/run.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

/** Note that Temporal has the run. */
export async function markStarted(pool: Queryable, run: string): Promise<void> {
  await translated(pool.query('update run set started_at = clock_timestamp() where id = $1 and started_at is null', [run]));
}

/** Note that Temporal does not have it after all: nothing was done of a run that was never claimed. */
export async function markUnstarted(pool: Queryable, run: string): Promise<void> {
  await translated(pool.query(`update run set started_at = null where id = $1 and state = 'requested'`, [run]));
}

/** Requested runs that Temporal does not have, oldest first, as many as there is room for. */
export async function runsToStart(pool: Queryable, inFlight: number): Promise<string[]> {
  const { rows } = await translated(pool.query<{ id: string }>(
    `select id from run where state = 'requested' and started_at is null order by requested_at
       limit greatest(0, $1 - (select count(*) from run where state in ('requested', 'running') and started_at is not null))`,
    [inFlight]));
  return rows.map((row) => row.id);
}

/** Runs that Temporal has and that someone wants to end. */
export async function runsToCancel(pool: Queryable): Promise<string[]> {
  const { rows } = await translated(pool.query<{ id: string }>(
    `select id from run where state in ('requested', 'running') and started_at is not null
       and cancel_requested_at is not null order by cancel_requested_at limit 100`));
  return rows.map((row) => row.id);
}

export interface QuietRun {
  readonly id: RunId;
  readonly type: RunType;
  readonly state: 'requested' | 'running';
  readonly input: RunInputs[RunType];
}

/** Runs that Temporal has, but of which nothing was heard for a while. */
export async function quietRuns(pool: Queryable, quietMs: number): Promise<QuietRun[]> {
  const { rows } = await translated(pool.query<QuietRun>(
    `select id, type, state, input from run r where state in ('requested', 'running') and started_at is not null
       and greatest(started_at, claimed_at, (select greatest(max(s.started_at), max(s.ended_at)) from run_step s where s.run = r.id))
         < clock_timestamp() - make_interval(secs => $1 / 1000.0)
     order by started_at limit 200`, [quietMs]));
  return rows;
}
