/** Incidents, and the ledger of what was decided about them, as people see them. */
import { ReeveError } from '../../domain/errors.ts';
import { runLink, type RunRef } from '../../domain/resources/links.ts';
import type { Incident, IncidentOrder, Remediation, RemediationOrder } from '../../domain/resources/remediation.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

const INCIDENT = `
  select id, subject, cause, severity, state, title, site, container, incarnation, evidence, timeline,
    opened_at as "openedAt", seen_at as "seenAt", acknowledged_by as "acknowledgedBy", acknowledged_at as "acknowledgedAt",
    closed_at as "closedAt", closed_why as "closedWhy" from incident`;

/** @throws ReeveError `not-found`, `unavailable` */
export async function readIncident(db: Queryable, id: number): Promise<Incident> {
  const { rows } = await translated(db.query<Incident>(`${INCIDENT} where id = $1`, [id]));
  if (!rows[0]) throw new ReeveError('not-found', `there is no incident ${id}`, { incident: id });
  return withTimes(rows[0]);
}

export interface IncidentFilter {
  readonly limit: number;
  /** The last one's id. */
  readonly after?: number | undefined;
  /** `open`: acknowledged ones too, which are not over. */
  readonly state?: 'open' | 'closed' | undefined;
  readonly subject?: string | undefined;
  /** Its id or name. */
  readonly site?: string | undefined;
  readonly container?: string | undefined;
  readonly severity?: string | undefined;
  /** Only these sites' are to be seen; undefined: all, also the platform's. */
  readonly sites?: readonly string[] | undefined;
  readonly sort?: IncidentOrder;
}

/** Incidents, newest first unless said otherwise; one more than `limit` when there is a next page. */
export async function listIncidents(
  db: Queryable, { limit, after, state, subject, site, container, severity, sites, sort = '-opened' }: IncidentFilter,
): Promise<Incident[]> {
  // Ids rise as incidents open.
  const isUp = sort === 'opened';
  const { rows } = await translated(db.query<Incident>(
    `${INCIDENT} where ($2::bigint is null or id ${isUp ? '>' : '<'} $2) and ($3::text is null or (state = 'closed') = ($3 = 'closed'))
       and ($4::text is null or subject = $4) and ($6::text is null or container = $6)
       and ($5::text is null or site = $5 or site = (select s.id from site s where s.name = $5 and s.deleted_at is null))
       and ($7::text[] is null or site = any($7)) and ($8::text is null or severity = $8)
     order by id ${isUp ? 'asc' : 'desc'} limit $1`,
    [limit + 1, after ?? null, state ?? null, subject ?? null, site ?? null, container ?? null, sites ?? null, severity ?? null]));
  return rows.map(withTimes);
}

export interface RemediationFilter {
  readonly limit: number;
  /** The last one's id. */
  readonly after?: number | undefined;
  readonly incident?: number | undefined;
  readonly container?: string | undefined;
  /** Only about these sites; undefined: all. */
  readonly sites?: readonly string[] | undefined;
  readonly sort?: RemediationOrder;
}

/** Decisions, newest first unless said otherwise; one more than `limit` when there is a next page. */
export async function listRemediations(
  db: Queryable, { limit, after, incident, container, sites, sort = '-at' }: RemediationFilter,
): Promise<Remediation[]> {
  // Ids rise with time.
  const isUp = sort === 'at';
  const { rows } = await translated(db.query<Omit<Remediation, 'run'> & { run: RunRef | null }>(
    `select m.id, m.at, m.incident, m.container, m.incarnation, m.action, m.decision, m.reason, m.facts, m.result, m.ended_at as "endedAt",
       (select jsonb_build_object('id', r.id, 'type', r.type, 'state', r.state) from run r where r.id = m.run) as run
     from remediation m where ($2::bigint is null or m.id ${isUp ? '>' : '<'} $2) and ($3::bigint is null or m.incident = $3) and ($4::text is null or m.container = $4)
       and ($5::text[] is null or exists (select 1 from incident i where i.id = m.incident and i.site = any($5)))
     order by m.id ${isUp ? 'asc' : 'desc'} limit $1`, [limit + 1, after ?? null, incident ?? null, container ?? null, sites ?? null]));
  return rows.map((row) => ({ ...withTimes(row), run: row.run ? runLink(row.run) : null }));
}

/** Times as the API has them. */
function withTimes<Row extends object>(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value])) as Row;
}
