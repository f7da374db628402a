/** Runs as rows: requested with the change that asks for them, claimed once, finished once. */
import { ReeveError } from '../domain/errors.ts';
import type { RunInputs, RunState, RunType } from '../domain/run.ts';
import type { Actor, RunRequest } from './change.ts';
import { translated } from './errors.ts';
import type { Queryable } from './pool.ts';

export interface RunRow {
  readonly id: string;
  readonly type: RunType;
  readonly subject: string;
  readonly site: string | null;
  readonly state: RunState;
  readonly input: RunInputs[RunType];
  readonly actor: Actor;
  readonly requested_at: Date;
  readonly claimed_at: Date | null;
  readonly ended_at: Date | null;
  readonly started_at: Date | null;
  readonly progress: number;
  readonly result: Record<string, unknown> | null;
  readonly error: { type: string; message: string } | null;
  readonly temporal_run: string | null;
  readonly cancel_requested_at: Date | null;
}

/**
 * Ask for work that changes no desired state by itself; with a change, give the request to commitChange instead.
 * @throws ReeveError `busy` (fields.run holds the subject), `unavailable`
 */
export async function requestRun(pool: Queryable, request: RunRequest, actor: Actor): Promise<void> {
  await translated(pool.query('select request_run($1, $2)', [JSON.stringify(request), JSON.stringify(actor)]));
}

/** Claim a requested run for one workflow execution. False when it is another's, or over: then nothing is to be done. */
export async function claimRun(pool: Queryable, run: string, temporalRun: string): Promise<boolean> {
  const { rows } = await translated(pool.query<{ claimed: boolean | null }>(
    'select claim_run($1, $2) as claimed', [run, temporalRun]));
  return rows[0]?.claimed === true;
}

/** Write the final state and release the locks; only the first call does anything. */
export async function finishRun(
  pool: Queryable, run: string, state: RunState, outcome: { result?: unknown; error?: { type: string; message: string } },
): Promise<boolean> {
  const { rows } = await translated(pool.query<{ finished: boolean }>('select finish_run($1, $2, $3, $4) as finished', [
    run, state, outcome.result === undefined ? null : JSON.stringify(outcome.result),
    outcome.error === undefined ? null : JSON.stringify(outcome.error),
  ]));
  return rows[0]!.finished;
}

export const noRun = (run: string) => new ReeveError('not-found', `there is no run ${run}`, { subject: `run:${run}` });

/** The run. @throws ReeveError `not-found`, `unavailable` */
export async function requireRun(db: Queryable, run: string): Promise<RunRow> {
  const row = await readRun(db, run);
  if (row === null) throw noRun(run);
  return row;
}

/** The run, or null. */
export async function readRun(pool: Queryable, run: string): Promise<RunRow | null> {
  const { rows } = await translated(pool.query<RunRow>('select * from run where id = $1', [run]));
  return rows[0] ?? null;
}
