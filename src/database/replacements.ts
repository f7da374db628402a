/** The budget's slots: one replacement at a time on the whole platform, each fenced by the incarnation that it means. */
import type { PastReplacement } from '../domain/budget.ts';
import { isReeveError, ReeveError } from '../domain/errors.ts';
import { translated } from './errors.ts';
import type { Queryable } from './pool.ts';

export interface Slot {
  readonly container: string;
  readonly incarnation: number;
  readonly successor: string;
  readonly incident: number | null;
  readonly run: string;
}

/**
 * Take the slot. Again by the same run is once; after a failed one a person may try again.
 * @throws ReeveError `superseded` when the container is another incarnation, or not wanted running any more, the run is
 *   over, or the reason for it is (`reasonGone`); `conflict` when another container is being replaced, or this one was
 */
export async function takeSlot(db: Queryable, { container, incarnation, successor, incident, run }: Slot): Promise<void> {
  const subject = `container:${container}`;
  const { rows: [now] } = await translated(db.query<{ incarnation: number; wanted: string }>(
    'select incarnation, wanted from container where id = $1', [container]));
  if (now?.incarnation !== incarnation || now.wanted !== 'running') {
    throw new ReeveError('superseded', now
      ? `container ${container} is incarnation ${now.incarnation}, wanted ${now.wanted}; this is about incarnation ${incarnation}`
      : `there is no container ${container}`, { subject });
  }
  const gone = incident === null ? null : await reasonGone(db, { incident, run });
  if (gone) throw new ReeveError('superseded', gone.why, { subject, run });
  try {
    const { rowCount } = await translated(db.query(
      // In the same statement: a worker that was paused may come to this when its run is over, and nobody would end the slot.
      `insert into replacement (container, incarnation, incident, run, successor)
         select $1, $2, $3, id, $5 from run where id = $4 and state = 'running' for share
       on conflict (container, incarnation) do update
         set incident = excluded.incident, run = excluded.run, successor = excluded.successor, state = 'running',
           started_at = clock_timestamp(), ended_at = null, result = null
         where replacement.state in ('failed', 'superseded') or replacement.run = excluded.run`,
      [container, incarnation, incident, run, successor]));
    if (rowCount === 1) return;
  } catch (error) {
    if (!isReeveError(error, 'exists')) throw error;
  }
  const { rows: [why] } = await translated(db.query<{ state: string | null; replacing: string | null }>(
    `select (select state from run where id = $1) as state, (select container from replacement where state = 'running') as replacing`, [run]));
  if (why!.state !== 'running') throw new ReeveError('superseded', `run ${run} is ${why!.state ?? 'unknown'}, not running: it takes no slot`, { subject, run });
  throw new ReeveError('conflict', `container ${why!.replacing ?? container} is being replaced: one at a time`, { subject });
}

/**
 * Why a container is not to be replaced for this incident any more; null while it is. It was decided when the run was
 * requested, which may be long ago: Temporal was away, and the container has recovered. What a person asked for passes
 * pause and breaker, as it does when it is requested.
 * @param of.run null while it is only to be requested, by no person
 */
export async function reasonGone(db: Queryable, { incident, run }: { incident: number; run: string | null }): Promise<{ closed: boolean; why: string } | null> {
  const { rows: [now] } = await translated(db.query<{ closed: boolean; paused: boolean; breaker: boolean; person: boolean }>(
    `select exists (select 1 from incident where id = $1 and state = 'closed') as closed, p.paused,
       exists (select 1 from incident where subject = 'platform' and cause in ('breaker', 'members-silent') and state <> 'closed') as breaker,
       exists (select 1 from run where id = $2 and actor ->> 'kind' in ('user', 'token')) as person
     from platform p`, [incident, run]));
  if (now!.closed) return { closed: true, why: `incident ${incident} is closed: nothing is to be replaced because of it any more` };
  if (now!.person) return null;
  if (now!.paused) return { closed: false, why: 'the platform was paused since this was decided' };
  return now!.breaker ? { closed: false, why: 'many things fail at once since this was decided: the breaker is open' } : null;
}

/** Give the slot back. Only the run that has it. @returns what it is, also where it was given back before; null when this run never had it */
export async function endSlot(db: Queryable, run: string, state: 'completed' | 'failed' | 'superseded', result: string): Promise<typeof state | null> {
  const { rows: [slot] } = await translated(db.query<{ state: typeof state }>(
    `with ended as (update replacement set state = $2, result = $3, ended_at = clock_timestamp() where run = $1 and state = 'running' returning state)
     select state from ended union all select state from replacement where run = $1 and state <> 'running'`, [run, state, result.slice(0, 500)]));
  return slot?.state ?? null;
}

/**
 * As what settled its run found it: also one that was given up for failed before, as the settling took long.
 * @returns the incident that it was for; null when there was none, or it was settled already
 */
export async function settleSlot(db: Queryable, run: string, state: 'completed' | 'failed', result: string): Promise<number | null> {
  const { rows: [slot] } = await translated(db.query<{ incident: number | null }>(
    `update replacement set state = $2, result = $3, ended_at = clock_timestamp()
     where run = $1 and (state = 'running' or (state = 'failed' and $2 = 'completed')) returning incident`, [run, state, result.slice(0, 500)]));
  return slot?.incident ?? null;
}

/** Of the last hour, and any that goes on. */
export async function recentReplacements(db: Queryable): Promise<PastReplacement[]> {
  const { rows } = await translated(db.query<Omit<PastReplacement, 'startedAt' | 'endedAt'> & { startedAt: Date; endedAt: Date | null }>(
    `select container, incarnation, state, started_at as "startedAt", ended_at as "endedAt" from replacement
     where state = 'running' or started_at > clock_timestamp() - interval '1 hour' or ended_at > clock_timestamp() - interval '1 day'`));
  return rows.map((row) => ({ ...row, startedAt: row.startedAt.getTime(), endedAt: row.endedAt?.getTime() ?? null }));
}
