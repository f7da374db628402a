import type { Desired, DatabaseServerDesired, ReleaseManifest, SiteDesired } from '../domain/desired.ts';
import { type Layout, places } from '../domain/layout.ts';
import {
  cachePrefix, databasePassword, databaseRole, decryptEnvValue, djangoSecretKey, loginKey, type SitesKey,
} from '../domain/secrets.ts';
import type { SiteFile, SiteFileStore } from '../domain/site-file.ts';
import { primaryUrl, type SiteHostnames } from './hostnames.ts';
import { Unrenderable } from './syntax.ts';

/** What a renderer needs that no row holds. */
export interface Secrets {
  readonly sitesKey: SitesKey;
  /** Of a site's own bucket; null where there are none. */
  readonly s3Credentials?: (site: SiteDesired) => { readonly accessKey: string; readonly secretKey: string } | null;
}

/** Everything that one site's files depend on. */
export interface SiteInput {
  readonly layout: Layout;
  readonly secrets: Secrets;
  readonly settings: Desired['settings'];
  readonly site: SiteDesired;
  /** Asked for when a file is made: of most sites it never is after a restart. */
  hostnames(): SiteHostnames;
  readonly manifest: ReleaseManifest;
  readonly server: DatabaseServerDesired;
}

/**
 * What the site's process is told (`SiteFile`). Hostnames that are only held are in it as well: the file is read once a
 * second, and would otherwise lag behind nginx by as much when one is bound.
 * @throws Unrenderable, SecretUnreadable
 */
export function siteFile(input: SiteInput): SiteFile {
  const { layout, secrets: { sitesKey }, settings, site, manifest, server } = input;
  const hostnames = input.hostnames();
  const { id, secretVersion } = site;
  return {
    version: 1,
    site: { id, name: site.name },
    primaryUrl: primaryUrl(site, hostnames, settings),
    hostnames: [
      ...hostnames.bound.map(({ hostname, role }) => ({ hostname, role })),
      // A second primary would be none.
      ...hostnames.reserved.map(({ hostname, role }) => ({ hostname, role: role === 'primary' ? ('alias' as const) : role })),
    ],
    database: {
      host: server.host,
      port: server.port,
      name: id,
      user: databaseRole(id, secretVersion),
      password: databasePassword(sitesKey, id, secretVersion),
    },
    cache: { url: settings.cacheUrl, prefix: cachePrefix(id) },
    store: store(input),
    secretKey: djangoSecretKey(sitesKey, id, secretVersion),
    secretKeyFallbacks: secretVersion > 1 ? [djangoSecretKey(sitesKey, id, secretVersion - 1)] : [],
    loginKey: loginKey(sitesKey, id, secretVersion),
    static: { url: manifest.static.url, root: `${places.release(layout, manifest.id)}/static` },
    work: places.workDir(layout, id),
    env: Object.fromEntries(
      Object.entries(site.env).sort().map(([name, value]) => [name, decryptEnvValue(sitesKey, id, name, value)]),
    ),
    debug: false,
  };
}

function store({ layout, secrets, settings, site, manifest }: SiteInput): SiteFileStore {
  if (site.store.kind === 'directory') {
    return { kind: 'directory', root: places.storeDir(layout, site.id), mediaUrl: manifest.media.url };
  }
  if (settings.s3 === null) throw new Unrenderable('the store', site.store.bucket, 'the platform has no S3 server set');
  const credentials = secrets.s3Credentials?.(site) ?? null;
  if (credentials === null) throw new Unrenderable('the store', site.store.bucket, 'this container has no credentials for its bucket');
  return { kind: 's3', ...settings.s3, bucket: site.store.bucket, ...credentials, mediaUrl: null };
}
