/** The rows that runs are about, as their steps need them. */
import type { HostnameDesired, HostnamePhase, HostnameRole, SitePhase, Trial } from '../../domain/desired.ts';
import { ReeveError } from '../../domain/errors.ts';
import { translated } from '../errors.ts';
import type { Pool } from '../pool.ts';

export interface SiteSubject {
  readonly id: string;
  readonly phase: SitePhase;
  readonly release: string | null;
  readonly previousRelease: string | null;
  readonly secretVersion: number;
  readonly purgeAt: Date | null;
  readonly deleted: boolean;
  readonly trial: Trial | null;
}

export interface HostnameSubject {
  readonly hostname: string;
  readonly site: string;
  readonly role: HostnameRole;
  readonly phase: HostnamePhase;
  readonly https: HostnameDesired['https'];
  readonly proof: string | null;
  readonly deleted: boolean;
}

/** The site's row, tombstone included; null when there never was one, or its tombstone is gone. */
export async function findSite(pool: Pool, site: string): Promise<SiteSubject | null> {
  const { rows } = await translated(pool.query<SiteSubject>(
    `select id, phase, release, previous_release as "previousRelease", secret_version as "secretVersion", purge_at as "purgeAt",
       deleted_at is not null as deleted, trial from site where id = $1`, [site]));
  return rows[0] ?? null;
}

/** @throws ReeveError `superseded` when the site is gone */
export async function liveSite(pool: Pool, site: string): Promise<SiteSubject> {
  const row = await findSite(pool, site);
  if (!row || row.deleted) throw new ReeveError('superseded', `site ${site} is gone`, { subject: `site:${site}` });
  return row;
}

/** The site's hostnames, without tombstones. */
export async function hostnamesOf(pool: Pool, site: string): Promise<HostnameSubject[]> {
  const { rows } = await translated(pool.query<HostnameSubject>(
    `select hostname, site, role, phase, https, proof, deleted_at is not null as deleted from hostname
       where site = $1 and deleted_at is null order by hostname`, [site]));
  return rows;
}

/** The hostname's row; null when no site has it. */
export async function findHostname(pool: Pool, hostname: string): Promise<HostnameSubject | null> {
  const { rows } = await translated(pool.query<HostnameSubject>(
    `select hostname, site, role, phase, https, proof, deleted_at is not null as deleted from hostname
       where hostname = $1 and deleted_at is null`, [hostname]));
  return rows[0] ?? null;
}
