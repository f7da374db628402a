/** What the judge looks at: members and their leases, verdicts, and which database a site is on. */
import type { Cell } from '../domain/diagnosis.ts';
import type { ContainerState } from '../domain/observed.ts';
import type { QuarantineFact, StandingFact } from '../domain/standstill.ts';
import { translated } from './errors.ts';
import type { Queryable } from './pool.ts';

export interface LeaseRow extends StandingFact {
  readonly state: ContainerState;
  /** ms since it was ready last, or since it was asked for, while it is not; over all its starts. */
  readonly unreadyMs: number | null;
  /** Renewed within 8 s, and so on time: renewals come every 5 s. */
  readonly onTime: boolean;
  /** The run that has it now, if any. */
  readonly busy: string | null;
}

/**
 * Every container that should run, edges too, by the database's clock; also one that was told from outside to end.
 * @param integritySeconds how often files are compared: a check of three times ago says nothing of now
 */
export async function readLeases(db: Queryable, integritySeconds: number): Promise<{ now: number; leases: LeaseRow[] }> {
  const { rows: [clock] } = await translated(db.query<{ now: Date }>('select clock_timestamp() as now'));
  const { rows } = await translated(db.query<LeaseRow>(
    `select c.id, c.incarnation, role, state, state = 'ready' as ready, coalesce(lease_expires_at > clock_timestamp(), false) as holds,
       coalesce(lease_expires_at > clock_timestamp() + interval '7 seconds', false) as "onTime",
       (select l.run from run_lock l where l.subject = 'container:' || c.id limit 1) as busy,
       (extract(epoch from clock_timestamp() - unready_since) * 1000)::float8 as "unreadyMs",
       waiting_on as "waitingOn",
       case when observed_generation < p.generation then (select (extract(epoch from clock_timestamp() - e.at) * 1000)::float8 from event e
         where e.id > c.observed_generation order by e.id limit 1) end as "behindMs",
       case when i.verdict is not null then jsonb_build_object('verdict', i.verdict, 'reason', i.reason,
         'forMs', extract(epoch from i.at - i.since) * 1000) end as integrity
     from container c cross join platform p
       -- Of its last check, as long as checks go on; by what was seen at checks, not by the time since.
       left join integrity_check i on i.container = c.id and i.incarnation = c.incarnation and i.at > clock_timestamp() - make_interval(secs => $1)
     where wanted = 'running' and c.incarnation > 0 order by c.id`, [3 * integritySeconds]));
  return { now: clock!.now.getTime(), leases: rows };
}

/**
 * Verdicts of what is bound and served, in the incarnations that run now. One of a container that has stored nothing for
 * three of its own sweeps says nothing of now, as in the view `health`; before its first sweep, for two minutes.
 */
export async function readCells(db: Queryable): Promise<Cell[]> {
  const { rows } = await translated(db.query<Cell>(
    `select p.hostname, p.site, p.container, p.verdict, p.reason from latest_probe p
       join container c on c.id = p.container and c.incarnation = p.incarnation and c.wanted = 'running' and c.state = 'ready' and c.role = 'site'
       join hostname h on h.hostname = p.hostname and h.site = p.site and h.phase = 'bound' and h.deleted_at is null
       join site s on s.id = p.site and s.phase in ('live', 'suspended') and s.deleted_at is null
       left join sweep_latest w on w.container = p.container and w.incarnation = p.incarnation
     where greatest(p.at, w.stored_at) > clock_timestamp() - make_interval(secs => 3 * coalesce(w.interval_seconds, 40))`));
  return rows;
}

/** Sites that are held back, in the incarnations that run now. */
export async function readQuarantines(db: Queryable): Promise<QuarantineFact[]> {
  const { rows } = await translated(db.query<QuarantineFact>(
    `select q.container, q.incarnation, q.site, q.served_rev as "servedRev", q.reason,
       (extract(epoch from clock_timestamp() - q.since) * 1000)::float8 as "forMs"
     from quarantine q join container c on c.id = q.container and c.incarnation = q.incarnation and c.wanted = 'running' and c.role = 'site'
       join site s on s.id = q.site and s.deleted_at is null
     -- A release that is only tried there: its run tells it.
     where s.trial ->> 'container' is distinct from q.container order by q.site, q.container`));
  return rows;
}

/** Site → its database server, of these sites. */
export async function serversOf(db: Queryable, sites: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await translated(db.query<{ id: string; server: string }>(
    'select id, database_server as server from site where id = any($1)', [sites]));
  return new Map(rows.map(({ id, server }) => [id, server]));
}

/** Which subjects of incidents are still there at all; one that is being replaced is, until that is over. @returns those that are gone */
export async function goneSubjects(db: Queryable, subjects: readonly string[]): Promise<Set<string>> {
  const { rows } = await translated(db.query<{ subject: string }>(
    `select subject from unnest($1::text[]) subject
     where (subject like 'container:%' and not exists (select 1 from container c where 'container:' || c.id = subject and c.wanted = 'running')
         and not exists (select 1 from replacement p where 'container:' || p.container = subject and p.state = 'running'))
       or (subject like 'site:%' and not exists (select 1 from site s where 'site:' || s.id = subject and s.deleted_at is null and s.phase in ('live', 'suspended')))
       or (subject like 'hostname:%' and not exists (select 1 from hostname h where 'hostname:' || h.hostname = subject and h.deleted_at is null and h.phase = 'bound'))`,
    [subjects]));
  return new Set(rows.map(({ subject }) => subject));
}
