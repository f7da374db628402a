/** What time alone makes due. Each query gives what is to be done; that it is done twice does no harm. */
import type { RunId } from '../../domain/id.ts';
import { type RunInputs, type RunType, SETTLED, settling } from '../../domain/run.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

const FREE = (subject: string) => `not exists (select 1 from run_lock l where l.subject = ${subject})`;

/** Deleted sites that cannot be restored any more, and sites whose creation ended without finishing or undoing it. */
export async function sitesToPurge(pool: Queryable): Promise<string[]> {
  const { rows } = await translated(pool.query<{ id: string }>(
    `select id from site s where deleted_at is null
       and ((phase = 'deleted' and purge_at < clock_timestamp()) or phase = 'creating')
       and ${FREE(`'site:' || s.id`)}
       -- One that failed just now is not asked for again at once.
       and not exists (select 1 from run r where r.site = s.id and r.type = 'purgeSite'
         and r.ended_at > clock_timestamp() - interval '1 minute')
     order by id limit 100`));
  return rows.map((row) => row.id);
}

/**
 * Runs that ended without undoing or finishing all of theirs, and that nothing has settled yet. The reaper requests it
 * with their end; this finds what it could not, and where the settling itself failed: after a minute, and then ever more
 * seldom, as some fail for good.
 */
export async function runsToSettle(pool: Queryable): Promise<RunInputs['settleRun'][]> {
  const { rows } = await translated(pool.query<{ id: RunId; type: RunType; input: RunInputs[RunType] }>(
    `select id, type, input from run r where state = 'failed' and type = any($1) and ended_at > clock_timestamp() - interval '7 days'
       and not exists (select 1 from run s where s.type = 'settleRun' and s.input ->> 'of' = r.id
         and (s.state not in ('failed', 'cancelled') or s.ended_at > clock_timestamp() - greatest(interval '1 minute', (s.ended_at - r.ended_at) / 4)))
       and not exists (select 1 from run_lock l where l.subject = r.subject)
     order by ended_at limit 100`, [SETTLED]));
  return rows.map(({ id, type, input }) => settling(id, type, input)!);
}

/** Hostnames that were reserved and never proved within 72 hours. */
export async function hostnamesToRelease(pool: Queryable): Promise<{ hostname: string; site: string }[]> {
  const { rows } = await translated(pool.query<{ hostname: string; site: string }>(
    `select h.hostname, h.site from hostname h join site s on s.id = h.site
       where h.deleted_at is null and h.phase = 'reserved' and s.phase <> 'creating'
         and h.created_at < clock_timestamp() - interval '72 hours' and ${FREE(`'hostname:' || h.hostname`)}
     order by 1 limit 100`));
  return rows;
}

/** Hostnames whose proof is worth another look: the longer it is missing, the rarer. */
export async function hostnamesToProve(pool: Queryable): Promise<RunInputs['bindHostname'][]> {
  const { rows } = await translated(pool.query<RunInputs['bindHostname']>(
    `select h.hostname, h.site, h.role from hostname h join site s on s.id = h.site
       where h.deleted_at is null and h.phase = 'reserved' and s.deleted_at is null and s.phase in ('live', 'suspended')
         and h.created_at > clock_timestamp() - interval '72 hours' and ${FREE(`'hostname:' || h.hostname`)}
         -- No such run: the creation that was to request it was cut off.
         and coalesce((select max(r.ended_at) from run r where r.subject = 'hostname:' || h.hostname and r.type = 'bindHostname'), h.created_at)
           < clock_timestamp() - greatest(interval '5 minutes', (clock_timestamp() - h.created_at) / 8)
     order by 1 limit 20`));
  return rows;
}

/**
 * Containers that were drained and never ended: they started anew between the two, and the run meant who was there before.
 * The longer it does not come to an end, the rarer; at least once an hour, as the first drain may have been given up long ago.
 */
export async function containersToEnd(pool: Queryable): Promise<RunInputs['drainContainer'][]> {
  const { rows } = await translated(pool.query<RunInputs['drainContainer']>(
    `select c.id as container, c.incarnation from container c
       where c.wanted = 'drained' and c.state <> 'ended' and ${FREE(`'container:' || c.id`)}
         and coalesce((select max(r.ended_at) + greatest(interval '1 minute', least(interval '1 hour',
             coalesce(max(r.ended_at) - min(r.requested_at) filter (where r.type = 'drainContainer'), interval '0') / 8))
           from run r where r.subject = 'container:' || c.id), '-infinity') < clock_timestamp()
     order by 1 limit 20`));
  return rows;
}

/** Remove what is kept for a while only. @returns how many rows of each */
export async function dropExpired(pool: Queryable): Promise<Record<string, number>> {
  const dropped: Record<string, number> = {};
  for (const [what, sql] of EXPIRED) {
    const { rowCount } = await translated(pool.query(sql));
    if (rowCount) dropped[what] = rowCount;
  }
  return dropped;
}

// Children before those they refer to.
const EXPIRED: readonly (readonly [string, string])[] = [
  ['hostname', `delete from hostname where deleted_at < now() - interval '30 days'`],
  ['site', `delete from site s where deleted_at < now() - interval '30 days'
     and not exists (select 1 from hostname h where h.site = s.id)`],
  ['release', `delete from release r where deleted_at < now() - interval '30 days'
     and not exists (select 1 from site s where r.id in (s.release, s.previous_release))`],
  ['database_server', `delete from database_server d where deleted_at < now() - interval '30 days'
     and not exists (select 1 from site s where s.database_server = d.id)
     and not exists (select 1 from release r where r.database_server = d.id)`],
  ['idempotency', `delete from idempotency where at < now() - interval '1 day'`],
  ['removal', `delete from removal where at < now() - interval '1 day'`],
  ['session', `delete from session where least(ends_at, ended_at) < now() - interval '30 days'`],
  ['one_time_link', `delete from one_time_link where least(ends_at, used_at) < now() - interval '30 days'`],
  ['sign_in_attempt', `delete from sign_in_attempt where at < now() - interval '2 days'`],
  ['oidc_sign_in', `delete from oidc_sign_in where ends_at < now()`],
  ['device_sign_in', `delete from device_sign_in where ends_at < now()`],
  ['grant', `delete from "grant" where ends_at < now() - interval '90 days'`],
  // One that was ended from outside may start again, and what changed meanwhile is told by what was.
  ['latest_probe', `delete from latest_probe p
     where not exists (select 1 from container c where c.id = p.container and (c.wanted = 'running' or c.state <> 'ended'))`],
  ['notice', `delete from notice where at < now() - interval '30 days'`],
  ['traffic', `delete from traffic where minute < now() - interval '2 days'`],
  ['remediation', `delete from remediation where at < now() - interval '90 days' and (run is null or result is not null)`],
  ['replacement', `delete from replacement where ended_at < now() - interval '90 days'`],
  ['incident', `delete from incident i where closed_at < now() - interval '90 days'
     and not exists (select 1 from remediation m where m.incident = i.id) and not exists (select 1 from replacement p where p.incident = i.id)`],
];
