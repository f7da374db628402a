import type { HostnamePhase, HostnameRole } from '../../domain/desired.ts';
import { ReeveError } from '../../domain/errors.ts';
import { isWithin } from '../../domain/hostname.ts';
import { proofName } from '../../domain/ownership.ts';
import { addressOf } from '../../domain/address.ts';
import type { HostnameOrder, HostnameResource } from '../../domain/resources/hostname.ts';
import { runLink, type RunRef } from '../../domain/resources/links.ts';
import { hostnameStatus } from '../../domain/site-status.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './order.ts';

interface Row {
  hostname: string;
  rev: number;
  site: string;
  role: HostnameRole;
  phase: HostnamePhase;
  https: 'allow' | 'redirect';
  proof: string | null;
  created_at: Date;
  run: RunRef | null;
  ownership: string;
  base_domain: string;
  scheme: 'http' | 'https' | null;
  port: number | null;
}

const SELECT = `
  select h.hostname, h.rev, h.site, h.role, h.phase, h.https, h.proof, h.created_at,
    (select jsonb_build_object('id', r.id, 'type', r.type, 'state', r.state) from run_lock l join run r on r.id = l.run
      where l.subject = 'hostname:' || h.hostname limit 1) as run,
    p.settings ->> 'ownership' as ownership, p.settings ->> 'baseDomain' as base_domain,
    p.settings ->> 'publicScheme' as scheme, (p.settings ->> 'publicPort')::int as port
  from hostname h, platform p where h.deleted_at is null`;

/** @throws ReeveError `not-found`, `unavailable` */
export async function readHostname(db: Queryable, hostname: string): Promise<HostnameResource> {
  const { rows } = await translated(db.query<Row>(`${SELECT} and h.hostname = $1`, [hostname]));
  if (!rows[0]) throw new ReeveError('not-found', `no site has the hostname ${hostname.slice(0, 253)}`);
  return toResource(rows[0]);
}

export interface HostnameFilter {
  readonly limit: number;
  readonly after?: Last | null;
  readonly site?: string | undefined;
  /** In its name. */
  readonly search?: string | undefined;
  /** Only these sites' are to be seen; undefined: all. */
  readonly sites?: readonly string[] | undefined;
  readonly sort?: HostnameOrder;
}

const ORDERS = { hostname: { key: 'h.hostname', type: 'text' }, created: { key: 'h.created_at', type: 'timestamptz' } } as const;

/** Hostnames in order, by name unless said otherwise, each with its key; one more than `limit` when there is a next page. */
export async function listHostnames(
  db: Queryable, { limit, after, site, search, sites, sort = 'hostname' }: HostnameFilter,
): Promise<{ hostname: HostnameResource; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<Row & { key: string }>(
    `${keyed(SELECT, order)} and ${afterLast(order, 'h.hostname', 2)} and ($4::text is null or h.site = $4) and ($5::text[] is null or h.site = any($5))
       and ($6::text is null or strpos(h.hostname, $6) > 0) ${inOrder(order, 'h.hostname')} limit $1`,
    [limit + 1, ...valuesOf(order, after), site ?? null, sites ?? null, search?.toLowerCase() ?? null]));
  return rows.map((row) => ({ key: row.key, hostname: toResource(row) }));
}

function toResource(row: Row): HostnameResource {
  const asked = row.phase === 'reserved' && row.ownership === 'dns-txt' && !isWithin(row.hostname, row.base_domain);
  return {
    hostname: row.hostname,
    site: row.site,
    role: row.role,
    status: hostnameStatus(row.phase, row.run?.type ?? null),
    https: row.https,
    url: row.scheme && row.port ? `${addressOf(row, { publicScheme: row.scheme, publicPort: row.port })}/` : null,
    proof: asked && row.proof ? { name: proofName(row.hostname), type: 'TXT', value: row.proof } : null,
    rev: row.rev,
    createdAt: row.created_at.toISOString(),
    run: row.run ? runLink(row.run) : null,
  };
}
