/** Incidents as rows: opened once by (subject, cause), seen again while they last, closed when what they say is over. */
import type { Fault } from '../domain/diagnosis.ts';
import { ReeveError } from '../domain/errors.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { type Queryable, within } from './pool.ts';
import { writeAudit } from './write-audit.ts';

/** Entries of a timeline that are kept; the newest. */
const TIMELINE = 50;

export type Opening = Pick<Fault, 'subject' | 'cause' | 'title'> & {
  readonly severity: 'info' | 'warning' | 'critical';
  readonly site?: string | null;
  readonly container?: string | null;
  readonly incarnation?: number | null;
  readonly evidence: Readonly<Record<string, unknown>>;
};

export interface OpenIncident {
  readonly id: number;
  readonly subject: string;
  readonly cause: string;
  readonly container: string | null;
  readonly incarnation: number | null;
  /** When it was last seen to be so, ms. */
  readonly seenAt: number;
}

export interface Opened {
  readonly id: number;
  /** It is new. */
  readonly opened: boolean;
  /** No traceback was found yet, and it is young enough that one may still be written. */
  readonly untraced: boolean;
}

/**
 * Open it, or see it again: title and evidence are of the last look, with what was added to the evidence, and
 * the severity is the highest that was seen. Another incarnation of the same container is another incident: what was
 * acknowledged or asked for was about the one before, which is closed.
 */
export async function openIncident(db: Queryable, opening: Opening): Promise<Opened> {
  // Each fault at each look: one statement, as long as it goes on.
  return (await seenAgain(db, opening)) ?? (await within(db, (db) => openAnew(db, opening)));
}

const UNTRACED = `not evidence ? 'traceback' and opened_at > clock_timestamp() - interval '10 minutes' as untraced`;

/** Null when it is not open, or is about another incarnation. */
async function seenAgain(db: Queryable, { subject, cause, severity, title, evidence, incarnation }: Opening): Promise<Opened | null> {
  const { rows: [row] } = await translated(db.query<Opened>(
    `update incident set seen_at = clock_timestamp(), title = $3, evidence = evidence || $4::jsonb, severity = case when $5 = 'critical' then $5 else severity end
     where subject = $1 and cause = $2 and state <> 'closed' and (incarnation <> $6) is not true returning id, false as opened, ${UNTRACED}`,
    [subject, cause, title, JSON.stringify(evidence), severity, incarnation ?? null]));
  return row ?? null;
}

async function openAnew(db: Queryable, opening: Opening): Promise<Opened> {
  const { subject, cause, severity, title, site, container, incarnation, evidence } = opening;
  const { rows: before } = await translated(db.query<{ id: number }>(
    `select id from incident where subject = $1 and cause = $2 and state <> 'closed' and incarnation <> $3`, [subject, cause, incarnation ?? null]));
  for (const { id } of before) await closeIncident(db, id, `the container has started again, as incarnation ${incarnation}`);
  const { rows: [row] } = await translated(db.query<Opened>(
    `insert into incident (subject, cause, severity, title, site, container, incarnation, evidence, timeline)
       values ($1, $2, $3, $4, $5, $6, $7, $8, jsonb_build_array(jsonb_build_object('at', clock_timestamp(), 'what', 'opened', 'title', $4::text)))
     on conflict (subject, cause) where state <> 'closed' do nothing returning id, true as opened, ${UNTRACED}`,
    [subject, cause, severity, title, site ?? null, container ?? null, incarnation ?? null, JSON.stringify(evidence)]));
  // Somebody else's, opened since.
  if (!row) return (await seenAgain(db, opening))!;
  await tell(db, 'incident.opened', { incident: row.id, subject, cause });
  return row;
}

/** Add to its evidence what later looks do not say again. */
export async function addEvidence(db: Queryable, incident: number, more: Readonly<Record<string, unknown>>): Promise<void> {
  await translated(db.query('update incident set evidence = evidence || $2 where id = $1', [incident, JSON.stringify(more)]));
}

/** The open ones with one of these causes; a cause that carries an identity is meant by its part before the colon. */
export async function openIncidents(db: Queryable, causes: readonly string[]): Promise<OpenIncident[]> {
  const { rows } = await translated(db.query<Omit<OpenIncident, 'seenAt'> & { seenAt: Date }>(
    `select id, subject, cause, container, incarnation, seen_at as "seenAt" from incident
     where state <> 'closed' and split_part(cause, ':', 1) = any($1) order by id`, [causes]));
  return rows.map((row) => ({ ...row, seenAt: row.seenAt.getTime() }));
}

/** Add to its story. */
export async function noteIncident(db: Queryable, incident: number, what: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await translated(db.query(
    `update incident set timeline = (
       select jsonb_agg(e order by n) from (
         select e, n from jsonb_array_elements(timeline || jsonb_build_array(
           jsonb_build_object('at', clock_timestamp(), 'what', $2::text) || $3::jsonb)) with ordinality as t (e, n)
         order by n desc limit ${TIMELINE}) kept)
     where id = $1`, [incident, what, JSON.stringify(more)]));
}

/** Close it. Whoever was asked for an approval because of it is not waited for any more; all of it at once. */
export async function closeIncident(db: Queryable, incident: number, why: string): Promise<void> {
  await within(db, async (db) => {
    const { rows: [row] } = await translated(db.query<{ subject: string; cause: string }>(
      `update incident set state = 'closed', closed_at = clock_timestamp(), closed_why = $2 where id = $1 and state <> 'closed'
       returning subject, cause`, [incident, why]));
    if (!row) return;
    await noteIncident(db, incident, 'closed', { why });
    await translated(db.query(
      `update approval set state = 'rejected', decided_by = $2, decided_at = clock_timestamp()
       where kind = 'replacement' and state = 'pending' and (request #>> '{input,incident}')::bigint = $1`,
      [incident, JSON.stringify({ kind: 'system', id: 'judge', name: 'The incident is closed' })]));
    await tell(db, 'incident.closed', { incident, ...row });
  });
}

/**
 * Someone has seen it and looks after it; it stays open until what it says is over. Twice is once.
 * @throws ReeveError `not-found`, `conflict` when it is closed
 */
export async function acknowledgeIncident(db: Queryable, incident: number, by: Actor, note?: string): Promise<void> {
  const { rows: [row] } = await translated(db.query<{ state: string; subject: string }>('select state, subject from incident where id = $1 for update', [incident]));
  if (!row) throw new ReeveError('not-found', `there is no incident ${incident}`, { incident });
  if (row.state === 'closed') throw new ReeveError('conflict', `incident ${incident} is closed`, { incident });
  if (row.state === 'acknowledged') return;
  await translated(db.query(`update incident set state = 'acknowledged', acknowledged_by = $2, acknowledged_at = clock_timestamp() where id = $1`,
    [incident, JSON.stringify(by)]));
  await noteIncident(db, incident, 'acknowledged', { by: by.name, ...(note ? { note } : {}) });
  await writeAudit(db, { actor: by, action: 'incident.acknowledged', subject: row.subject, after: { incident }, ...(note ? { reason: note } : {}) });
}

async function tell(db: Queryable, type: string, metadata: Readonly<Record<string, unknown>>): Promise<void> {
  await translated(db.query('insert into notice (type, metadata) values ($1, $2)', [type, JSON.stringify(metadata)]));
  await translated(db.query(`select pg_notify('reeve_notice', $1)`, [JSON.stringify({ type, ...metadata })]));
}
