import { type Run, type RunOrder, runProgress } from '../../domain/resources/run.ts';
import { OPEN_STATES } from '../../domain/run.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './order.ts';
import { noRun, type RunRow } from '../run.ts';

interface Step {
  name: string;
  state: 'running' | 'completed' | 'failed' | 'cancelled';
  startedAt: string;
  endedAt: string | null;
  message: string | null;
}

type Row = RunRow & { steps: Step[] };

/** Where people look at Temporal; null when nothing is configured. */
export interface TemporalPlace {
  readonly ui: string | undefined;
  readonly namespace: string;
}

// Steps of one transaction have one time; the id keeps their order.
const SELECT = `
  select r.*,
    coalesce((select jsonb_agg(jsonb_build_object('name', s.name, 'state', s.state, 'startedAt', s.started_at,
        'endedAt', s.ended_at, 'message', s.message) order by s.started_at, s.name)
      from run_step s where s.run = r.id), '[]') as steps
  from run r`;

/** @throws ReeveError `not-found`, `unavailable` */
export async function readRunResource(db: Queryable, id: string, temporal: TemporalPlace): Promise<Run> {
  const { rows } = await translated(db.query<Row>(`${SELECT} where r.id = $1`, [id]));
  if (!rows[0]) throw noRun(id);
  return toResource(rows[0], temporal);
}

export interface RunFilter {
  readonly limit: number;
  readonly after: Last | null;
  readonly state?: string | undefined;
  readonly type?: string | undefined;
  readonly subject?: string | undefined;
  readonly site?: string | undefined;
  /** Only these sites' are to be seen; undefined: all, also the platform's. */
  readonly sites?: readonly string[] | undefined;
  readonly sort?: RunOrder;
}

const ORDERS = { requested: { key: 'r.requested_at', type: 'timestamptz' } } as const;

/** Runs in order, newest first unless said otherwise, each with its key; one more than `limit` when there is a next page. `state` may be `open`. */
export async function listRuns(db: Queryable, filter: RunFilter, temporal: TemporalPlace): Promise<{ run: Run; key: string }[]> {
  const states = filter.state === undefined ? null : filter.state === 'open' ? OPEN_STATES : [filter.state];
  const order = orderOf(ORDERS, filter.sort ?? '-requested');
  const { rows } = await translated(db.query<Row & { key: string }>(
    `${keyed(SELECT, order)} where ${afterLast(order, 'r.id', 2)}
       and ($4::text[] is null or r.state = any($4)) and ($5::text is null or r.type = $5)
       and ($6::text is null or r.subject = $6) and ($7::text is null or r.site = $7) and ($8::text[] is null or r.site = any($8))
     ${inOrder(order, 'r.id')} limit $1`,
    [filter.limit + 1, ...valuesOf(order, filter.after), states, filter.type ?? null, filter.subject ?? null, filter.site ?? null, filter.sites ?? null]));
  return rows.map((row) => ({ run: toResource(row, temporal), key: row.key }));
}

function toResource(row: Row, temporal: TemporalPlace): Run {
  const reached = temporal.ui && row.temporal_run;
  return {
    id: row.id,
    type: row.type,
    subject: row.subject,
    site: row.site,
    state: row.state,
    input: row.input as Record<string, unknown>,
    actor: row.actor,
    steps: row.steps,
    progress: runProgress(row.type, row.state, row.steps),
    result: row.result,
    error: row.error,
    cancelRequested: row.cancel_requested_at !== null,
    requestedAt: row.requested_at.toISOString(),
    claimedAt: row.claimed_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    temporalUrl: reached
      ? `${temporal.ui!.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(temporal.namespace)}/workflows/${row.id}/${row.temporal_run}/timeline`
      : null,
  };
}
