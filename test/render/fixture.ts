/** Desired states and containers for the tests of rendering. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Desired, HostnameDesired, PlatformSettings, ReleaseDesired, SiteDesired } from '../../src/domain/desired.ts';
import { type Layout, places, RENDERER_VERSION } from '../../src/domain/layout.ts';
import { deriveSitesKey } from '../../src/domain/secrets.ts';
import { siteSettings } from '../../src/domain/site.ts';

export const sitesKey = deriveSitesKey(Buffer.alloc(32, 1));

export const settings: PlatformSettings = {
  baseDomain: 'localhost', publicScheme: 'http', publicPort: 8080, cacheUrl: null, s3: null, ownership: 'none', trustedProxies: [],
};

export const siteId = (number: number) => `s${String(number).padStart(9, '0')}`;
export const releaseId = (number: number) => `r${String(number).padStart(9, '0')}`;

export function release(number = 1, manifest: Partial<NonNullable<ReleaseDesired['manifest']>> = {}, row: Partial<ReleaseDesired> = {}): ReleaseDesired {
  const id = releaseId(number);
  return {
    id, rev: number, phase: 'ready', digest: 'd1', deleted: false,
    manifest: {
      id, digest: 'd1', venv: 'venvs/v1', wsgi: { module: 'example.wsgi', callable: 'application' }, settings: 'example.settings',
      static: { url: '/static/' }, media: { url: '/media/', private: ['documents/'] }, health: { path: '/', statuses: [200] },
      commands: {}, environment: {}, ...manifest,
    },
    ...row,
  };
}

export function site(number: number, row: Partial<SiteDesired> = {}): SiteDesired {
  return {
    id: siteId(number), rev: number, number, name: `site${number}`, phase: 'live', release: releaseId(1), previousRelease: null,
    databaseServer: 'main', secretVersion: 1, settings: siteSettings({}), store: { kind: 'directory' }, env: {}, deleted: false, ...row,
  };
}

export function hostname(name: string, siteNumber: number, row: Partial<HostnameDesired> = {}): HostnameDesired {
  return { hostname: name, rev: siteNumber, site: siteId(siteNumber), role: 'primary', phase: 'bound', https: 'allow', deleted: false, ...row };
}

export function desired(parts: {
  sites?: readonly SiteDesired[]; hostnames?: readonly HostnameDesired[]; releases?: readonly ReleaseDesired[];
  settings?: Partial<PlatformSettings>; generation?: number;
}): Desired {
  return {
    epoch: 1, generation: parts.generation ?? 1, settings: { ...settings, ...parts.settings },
    sites: new Map((parts.sites ?? []).map((row) => [row.id, row])),
    hostnames: new Map((parts.hostnames ?? []).map((row) => [row.hostname, row])),
    releases: new Map((parts.releases ?? [release()]).map((row) => [row.id, row])),
    databaseServers: new Map([['main', { id: 'main', rev: 1, host: '127.0.0.1', port: 5432, deleted: false }]]),
  };
}

/** As many sites, each with two hostnames. */
export function many(count: number): Desired {
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  return desired({
    sites: numbers.map((n) => site(n)),
    hostnames: numbers.flatMap((n) => [hostname(`site${n}.localhost`, n), hostname(`www.site-${n}.example.org`, n, { role: 'alias' })]),
  });
}

export function layout(root: string, port = 18_080): Layout {
  return {
    rendererVersion: RENDERER_VERSION, container: 'c000000001', root, runDir: `${root}/run`, listen: { address: '127.0.0.1', port },
    trusted: ['127.0.0.1'], releasesDir: `${root}/releases`, storesDir: `${root}/stores`, nginxUser: null, firstUid: null,
    toolsVenv: `${root}/tools`, nginx: 'nginx',
  };
}

/** A directory on memory where there is one: creating files on a slow disk hides everything else. */
export function scratch(prefix: string): string {
  for (const parent of ['/dev/shm', tmpdir()]) {
    try {
      return mkdtempSync(join(parent, `reeve-${prefix}-`));
    } catch {}
  }
  throw new Error('there is no directory to write to');
}

export function makeRoot(l: Layout): void {
  for (const directory of [l.runDir, places.ownDir(l), `${l.runDir}/v`, places.nginxDir(l), places.vassalsDir(l), `${l.root}/sites`, `${l.root}/log`, l.releasesDir, l.storesDir]) {
    mkdirSync(directory, { recursive: true });
  }
}

export function writeFiles(directory: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
}
