/** What the platform's rows say of one hostname. */
import type { HostnameRole, SitePhase } from '../../domain/desired.ts';
import { isWithin } from '../../domain/hostname.ts';
import { proofName } from '../../domain/ownership.ts';
import type { WhyFacts } from '../../domain/why.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import type { AgentPlace } from './containers.ts';

interface BindingRow {
  site: string; siteName: string; phase: SitePhase; role: HostnameRole; bound: boolean; proof: string | null; ownership: string; baseDomain: string;
  run: { id: string; type: string } | null; host: string; port: number; secretVersion: number;
}

export type WhyBinding = NonNullable<WhyFacts['binding']> & { readonly host: string; readonly port: number; readonly secretVersion: number };

/** The hostname's site, and what works on it; null when no site has it. */
export async function readWhyBinding(db: Queryable, hostname: string): Promise<WhyBinding | null> {
  const { rows: [row] } = await translated(db.query<BindingRow>(
    `select s.id as site, s.name as "siteName", s.phase, h.role, h.phase = 'bound' as bound, h.proof, d.host, d.port,
       s.secret_version as "secretVersion", p.settings ->> 'ownership' as ownership, p.settings ->> 'baseDomain' as "baseDomain",
       (select jsonb_build_object('id', r.id, 'type', r.type) from run_lock l join run r on r.id = l.run
         where l.subject = 'hostname:' || h.hostname or (l.subject = 'site:' || s.id and l.mode = 'exclusive') limit 1) as run
     from hostname h join site s on s.id = h.site join database_server d on d.id = s.database_server cross join platform p
     where h.hostname = $1 and h.deleted_at is null`, [hostname]));
  if (!row) return null;
  const { proof, ownership, baseDomain, ...rest } = row;
  const asked = !row.bound && ownership === 'dns-txt' && proof !== null && !isWithin(hostname, baseDomain);
  return { ...rest, proof: asked ? proofName(hostname) : null };
}

export type WhyContainerRow = Omit<WhyFacts['containers'][number], 'answered' | 'vassal' | 'traceback'> & Pick<AgentPlace, 'incarnation'> & { readonly agentUrl: string | null };

/** The containers that should serve it, as their rows say. */
export async function readWhyContainers(db: Queryable, site: string): Promise<WhyContainerRow[]> {
  const { rows } = await translated(db.query<Omit<WhyContainerRow, 'waitingOn'> & { waitingOn: { on: string; message: string }[] }>(
    `select c.id, c.incarnation, c.state, coalesce(c.lease_expires_at > clock_timestamp(), false) as alive, c.agent_url as "agentUrl",
       greatest(0, p.generation - c.observed_generation) as behind, c.waiting_on as "waitingOn",
       (select q.reason from quarantine q where q.container = c.id and q.incarnation = c.incarnation and q.site = $1) as quarantine
     from container c cross join platform p where c.role = 'site' and c.wanted = 'running' order by c.id limit 50`, [site]));
  return rows.map((row) => ({ ...row, waitingOn: row.waitingOn.map(({ on, message }) => `${on}: ${message}`) }));
}

export type WhyEdgeRow = Omit<WhyFacts['edges'][number], 'answered'> & Pick<AgentPlace, 'incarnation'> & { readonly agentUrl: string | null };

/** The edges that visitors come through, as their rows say. */
export async function readWhyEdges(db: Queryable): Promise<WhyEdgeRow[]> {
  const { rows } = await translated(db.query<WhyEdgeRow>(
    `select id, incarnation, coalesce(lease_expires_at > clock_timestamp(), false) as alive, agent_url as "agentUrl"
       from container where role = 'edge' and wanted = 'running' order by id limit 50`));
  return rows;
}

/**
 * The last change of the site or the hostname, and the open incident nearest to it: its own, its site's, its database
 * server's, the platform's, or one of a container that serves it or an edge before it.
 */
export async function readWhyAround(db: Queryable, hostname: string, site: string | null): Promise<Pick<WhyFacts, 'lastChange' | 'incident'>> {
  const { rows: [row] } = await translated(db.query<Pick<WhyFacts, 'lastChange' | 'incident'>>(
    `select
       (select jsonb_build_object('generation', e.id, 'type', e.type, 'who', e.actor ->> 'name',
            'secondsAgo', extract(epoch from clock_timestamp() - e.at)::int)
          from event e where e.id = greatest(
            (select rev from hostname where hostname = $1), (select rev from site where id = $2))) as "lastChange",
       (select jsonb_build_object('id', i.id, 'subject', i.subject, 'title', i.title) from incident i
          cross join lateral (select case
            when i.subject = 'hostname:' || $1 then 1 when i.subject = 'site:' || $2 then 2 when i.site = $2 then 3
            when i.subject = (select 'database:' || s.database_server from site s where s.id = $2) then 4
            when i.subject = 'platform' then 5
            -- About another site in a container of this one is no reason here.
            when i.site is null and exists (select 1 from container c where 'container:' || c.id = i.subject and c.wanted = 'running'
              and (c.role = 'edge' or $2 is not null)) then 6 end as distance) d
          where i.state <> 'closed' and d.distance is not null
          order by d.distance, i.severity = 'critical' desc, i.id desc limit 1) as incident`, [hostname, site]));
  return row!;
}
