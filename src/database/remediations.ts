/** The ledger: each decision about an incident, with its reason; also the ones not to act. */
import type { PastAct, Decision } from '../domain/remediation.ts';
import type { RunInputs } from '../domain/run.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { noteIncident } from './incidents.ts';
import type { Queryable } from './pool.ts';

export interface Deciding {
  readonly incident: number | null;
  readonly container: string | null;
  readonly incarnation: number | null;
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly run?: string | null;
  /** What it came to, where that is known already. */
  readonly result?: NonNullable<PastAct['result']>;
}

/**
 * Write a decision down. The same one again (not to act, for the same reason) is one row.
 * @returns whether it is a new row
 */
export async function recordDecision(db: Queryable, { action, decision, reason }: Decision, of: Deciding): Promise<boolean> {
  const { rowCount } = await translated(db.query(
    `insert into remediation (incident, container, incarnation, action, decision, reason, facts, run, result, ended_at)
     select $1, $2, $3, $4::text, $5::text, $6::text, $7, $8, $9::text, case when $9 is not null then clock_timestamp() end
     where $8::text is not null or not exists (
       select 1 from (select action, decision, reason from remediation where incident is not distinct from $1 order by id desc limit 1) last
       where last.action = $4 and last.decision = $5 and last.reason = $6)`,
    [of.incident, of.container, of.incarnation, action, decision, reason, JSON.stringify(of.facts ?? {}), of.run ?? null, of.result ?? null]));
  return rowCount === 1;
}

/** What a person said to a replacement: in the ledger, and in the incident's story. @param run what was requested because of it */
export async function recordAnswer(
  db: Queryable, decision: Decision, { run, by, ...of }: Pick<RunInputs['replaceContainer'], 'container' | 'incarnation' | 'incident'> & { run?: string; by: Actor },
): Promise<void> {
  await recordDecision(db, decision, { ...of, run: run ?? null });
  if (of.incident !== null) await noteIncident(db, of.incident, `${decision.decision}: ${decision.action}`, { reason: decision.reason, by: by.name, ...(run ? { run } : {}) });
}

/** What a run of remediation came to. `superseded`: its reason was over before it did anything; it counts as nothing done. */
export async function concludeRun(db: Queryable, run: string, result: NonNullable<PastAct['result']> | 'superseded'): Promise<void> {
  await translated(db.query(
    'update remediation set result = $2, ended_at = clock_timestamp() where run = $1 and result is null', [run, result]));
}

/**
 * What was done with this incarnation about this cause so far, oldest first: for this incident, and for those before it that
 * ended within `withinMs`. Who read by the incident alone forgot all when it closed, and a fault that flaps began anew each time.
 */
export async function pastActs(
  db: Queryable, { incident, container, incarnation, cause }: { incident: number; container: string; incarnation: number; cause: string }, withinMs: number,
): Promise<PastAct[]> {
  const { rows } = await translated(db.query<{ action: PastAct['action']; result: PastAct['result']; at: Date; earlier: boolean }>(
    `select m.action, m.result, coalesce(m.ended_at, m.at) as at, m.incident <> $1 as earlier from remediation m join incident i on i.id = m.incident
     where m.container = $2 and m.incarnation = $3 and i.cause = $4 and m.decision = 'acted' and m.action <> 'none'
       and coalesce(m.result, '') <> 'superseded' and (m.incident = $1 or m.result is null or m.ended_at > clock_timestamp() - make_interval(secs => $5))
     order by m.id`, [incident, container, incarnation, cause, withinMs / 1_000]));
  return rows.map((row) => ({ ...row, at: row.at.getTime() }));
}

/** What settles a run that was cut off says what it came to; the slot is held until then, as containers come and go meanwhile. */
const SETTLING = `exists (select 1 from run s where s.type = 'settleRun' and s.input ->> 'of' = r.id and s.state in ('requested', 'running'))`;

/** Runs that are over without their word: terminated, lost, or refused before their first step. */
export async function concludeOrphans(db: Queryable): Promise<void> {
  await translated(db.query(
    `update remediation m set result = case when r.state = 'superseded' then 'superseded' else 'failed' end, ended_at = clock_timestamp() from run r
     where r.id = m.run and m.result is null and r.ended_at is not null and not ${SETTLING}`));
  await translated(db.query(
    `update replacement p set state = 'failed', ended_at = clock_timestamp(), result = coalesce(r.error ->> 'message', 'its run ended') from run r
     where r.id = p.run and p.state = 'running' and r.ended_at is not null and not ${SETTLING}`));
}
