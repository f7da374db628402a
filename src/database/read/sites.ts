/** Sites as people read them: the row, its hostnames, the work on it and what was observed, in one query. */
import type { HostnamePhase, HostnameRole, SitePhase, SiteStore } from '../../domain/desired.ts';
import { ReeveError } from '../../domain/errors.ts';
import type { Condition, Site, SiteOrder, SiteState } from '../../domain/resources/site.ts';
import { runLink, type RunRef } from '../../domain/resources/links.ts';
import type { RunType } from '../../domain/run.ts';
import { siteSettings } from '../../domain/site.ts';
import { hostnameStatus, siteConditions, siteStatus } from '../../domain/site-status.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './order.ts';

interface Row {
  id: string;
  rev: number;
  name: string;
  phase: SitePhase;
  release: string | null;
  previous_release: string | null;
  database_server: string;
  secret_version: number;
  settings: unknown;
  store: SiteStore;
  owner: string | null;
  purge_at: Date | null;
  created_at: Date;
  hostnames: { hostname: string; role: HostnameRole; phase: HostnamePhase; holder: RunType | null }[];
  runs: (RunRef & { own: boolean })[];
  conditions: Condition[];
  quarantined: { container: string; reason: string; since: string }[];
  down: { hostname: string; container: string; reason: string | null; since: string }[];
}

// Runs that only share the site (a binding) are shown with their hostname, and here when nothing else is going on.
const SELECT = `
  select s.id, s.rev, s.name, s.phase, s.release, s.previous_release, s.database_server, s.secret_version, s.settings,
    s.store, s.owner, s.purge_at, s.created_at,
    coalesce((select jsonb_agg(jsonb_build_object('hostname', h.hostname, 'role', h.role, 'phase', h.phase, 'holder',
        (select r.type from run_lock l join run r on r.id = l.run where l.subject = 'hostname:' || h.hostname limit 1))
        order by h.role <> 'primary', h.hostname)
      from hostname h where h.site = s.id and h.deleted_at is null), '[]') as hostnames,
    coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'type', r.type, 'state', r.state, 'own', l.mode = 'exclusive')
        order by l.mode, r.requested_at)
      from run_lock l join run r on r.id = l.run where l.subject = 'site:' || s.id), '[]') as runs,
    coalesce((select jsonb_agg(jsonb_build_object('type', c.type, 'status', c.status, 'reason', c.reason,
        'message', c.message, 'since', c.since) order by c.type)
      from site_condition c where c.site = s.id), '[]') as conditions,
    coalesce((select jsonb_agg(jsonb_build_object('container', q.container, 'reason', q.reason, 'since', q.since)
        order by q.container)
      from quarantine q join container c on c.id = q.container and c.incarnation = q.incarnation and c.wanted = 'running'
      where q.site = s.id), '[]') as quarantined,
    coalesce((select jsonb_agg(jsonb_build_object('hostname', d.hostname, 'container', d.container, 'reason', d.reason, 'since', d.since)
        order by d.hostname, d.container)
      from down_now d where d.site = s.id), '[]') as down
  from site s where s.deleted_at is null`;

/** The site with that id or, since people have names in mind, that name. @throws ReeveError `not-found`, `unavailable` */
export async function readSite(db: Queryable, idOrName: string): Promise<Site> {
  const { rows } = await translated(db.query<Row>({
    name: 'read-site', text: `${SELECT} and (s.id = $1 or s.name = $1) order by s.id <> $1 limit 1`, values: [idOrName],
  }));
  if (!rows[0]) throw new ReeveError('not-found', `there is no site ${idOrName}`, { site: idOrName });
  return toResource(rows[0]);
}

// As site-status.ts derives it, where a list is filtered by it.
const WORKING = `exists (select 1 from run_lock l where l.subject = 'site:' || s.id and l.mode = 'exclusive')`;
const UNWELL = `(exists (select 1 from site_condition c where c.site = s.id and c.status = 'false')
  or exists (select 1 from quarantine q join container c on c.id = q.container and c.incarnation = q.incarnation and c.wanted = 'running' where q.site = s.id)
  or s.id in (select d.site from down_now d))`;
const STATES: Readonly<Record<SiteState, string>> = {
  working: WORKING,
  active: `s.phase = 'live' and not ${WORKING} and not ${UNWELL}`,
  degraded: `s.phase = 'live' and not ${WORKING} and ${UNWELL}`,
  suspended: `s.phase = 'suspended' and not ${WORKING}`,
  deleted: `s.phase = 'deleted' and not ${WORKING}`,
};

const ORDERS = { name: { key: 's.name', type: 'text' }, created: { key: 's.created_at', type: 'timestamptz' } } as const;

export interface SiteFilter {
  readonly limit: number;
  readonly after?: Last | null;
  readonly phase?: string | undefined;
  readonly name?: string | undefined;
  readonly state?: SiteState | undefined;
  /** In its name, its id or one of its hostnames. */
  readonly search?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  /** Only these are to be seen; undefined: all. */
  readonly sites?: readonly string[] | undefined;
  readonly sort?: SiteOrder;
}

/** Sites in order, after one, each with its key; one more than `limit` when there is a next page. */
export async function listSites(
  db: Queryable, { limit, after, phase, name, state, search, ids, sites, sort = 'name' }: SiteFilter,
): Promise<{ site: Site; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<Row & { key: string }>(
    `${keyed(SELECT, order)}
       and ${afterLast(order, 's.id', 2)}
       and ($4::text is null or s.phase = $4) and ($5::text is null or s.name = $5)
       and ($6::text is null or strpos(s.name, $6) > 0 or s.id = $6
         or exists (select 1 from hostname h where h.site = s.id and h.deleted_at is null and strpos(h.hostname, $6) > 0))
       and ($7::text[] is null or s.id = any($7)) and ($8::text[] is null or s.id = any($8))
       ${state ? `and ${STATES[state]}` : ''}
     ${inOrder(order, 's.id')} limit $1`,
    [limit + 1, ...valuesOf(order, after), phase ?? null, name ?? null, search?.toLowerCase() ?? null, ids ?? null, sites ?? null]));
  return rows.map((row) => ({ site: toResource(row), key: row.key }));
}

/** The id of the site with that id or name. @throws ReeveError `not-found`, `unavailable` */
export async function siteIdOf(db: Queryable, idOrName: string): Promise<string> {
  const { rows } = await translated(db.query<{ id: string }>(
    'select id from site where (id = $1 or name = $1) and deleted_at is null order by id <> $1 limit 1', [idOrName]));
  if (!rows[0]) throw new ReeveError('not-found', `there is no site ${idOrName}`, { site: idOrName });
  return rows[0].id;
}

function toResource(row: Row): Site {
  const facts = {
    phase: row.phase, open: row.runs.filter((run) => run.own).map((run) => run.type),
    conditions: row.conditions, quarantined: row.quarantined, down: row.down,
  };
  const creating = facts.open.includes('createSite') ? 'createSite' : null;
  return {
    id: row.id,
    name: row.name,
    status: siteStatus(facts),
    conditions: siteConditions(facts),
    hostnames: row.hostnames.map(({ hostname, role, phase, holder }) => ({
      hostname, role, status: hostnameStatus(phase, holder ?? creating),
    })),
    release: row.release,
    previousRelease: row.previous_release,
    databaseServer: row.database_server,
    store: row.store.kind,
    secretVersion: row.secret_version,
    settings: siteSettings(row.settings),
    owner: row.owner,
    purgeAt: row.purge_at?.toISOString() ?? null,
    rev: row.rev,
    createdAt: row.created_at.toISOString(),
    run: row.runs[0] ? runLink(row.runs[0]) : null,
  };
}
