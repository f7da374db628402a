import { createHmac, randomBytes } from 'node:crypto';
import type { Actor } from '../database/change.ts';
import { translated } from '../database/errors.ts';
import type { Queryable } from '../database/pool.ts';
import { writeAudit } from '../database/write-audit.ts';
import { addressOf } from '../domain/address.ts';
import type { HostnameDesired, PlatformSettings, ReleaseManifest } from '../domain/desired.ts';
import { ReeveError } from '../domain/errors.ts';
import { loginKey, type SitesKey } from '../domain/secrets.ts';

const VALID_MS = 15 * 60_000;

interface Row {
  phase: string;
  secret_version: number;
  primary: Pick<HostnameDesired, 'hostname' | 'https'> | null;
  manifest: ReleaseManifest | null;
  settings: PlatformSettings;
}

/**
 * A link that signs in to a site's own admin, once. On record as made, without its token; it is in no run and no event.
 * @throws ReeveError `not-found`, `conflict` when the site is not served or its codebase does not know such links
 */
export async function makeLoginLink(
  db: Queryable, sitesKey: SitesKey, site: string, actor: Actor, now = Date.now(),
): Promise<{ url: string; expiresAt: string }> {
  const { rows: [row] } = await translated(db.query<Row>(
    `select s.phase, s.secret_version, r.manifest, p.settings,
       (select jsonb_build_object('hostname', h.hostname, 'https', h.https) from hostname h where h.site = s.id and h.role = 'primary' and h.phase = 'bound' and h.deleted_at is null) as "primary"
     from platform p, site s left join release r on r.id = s.release where s.id = $1 and s.deleted_at is null`, [site]));
  if (!row) throw new ReeveError('not-found', `there is no site ${site}`, { site });
  if (row.phase !== 'live' || row.primary === null) throw new ReeveError('conflict', `the site is ${row.phase}: nobody can sign in there now`, { site });
  if (row.manifest && !usesReeveDjango(row.manifest)) {
    throw new ReeveError('conflict', 'this site’s codebase does not use reeve_django, which is what answers sign-in links', { site });
  }
  await writeAudit(db, { actor, action: 'site.login-link', subject: `site:${site}`, after: { expiresAt: new Date(now + VALID_MS).toISOString() } });
  const key = Buffer.from(loginKey(sitesKey, site, row.secret_version), 'hex');
  // Fractions of a second: a link is used up by its time, so two of one second must differ in it.
  const payload = Buffer.from(JSON.stringify({
    exp: (now + VALID_MS) / 1_000, iat: now / 1_000, nonce: randomBytes(12).toString('base64url'), site,
  })).toString('base64url');
  const signature = createHmac('sha256', key).update(payload).digest('base64url');
  return {
    url: `${addressOf(row.primary, row.settings)}/.reeve/login?token=${payload}.${signature}`,
    expiresAt: new Date(now + VALID_MS).toISOString(),
  };
}

/** A codebase that uses it takes no variables from templates, or has its health path. */
function usesReeveDjango({ environment, health }: ReleaseManifest): boolean {
  return health.path.startsWith('/.reeve/') || Object.keys(environment).length === 0;
}
