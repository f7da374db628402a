import type { SiteFile } from './site-file.ts';

/** A value that one site has and another may not: null leaves the whole variable out. */
type Lookup = (site: SiteFile) => string | null;

const s3 = (site: SiteFile) => (site.store.kind === 's3' ? site.store : null);

/** Every `{{placeholder}}` a template may use, and where its value comes from. */
const PLACEHOLDERS = {
  'site.id': (site) => site.site.id,
  'site.name': (site) => site.site.name,
  primaryUrl: (site) => site.primaryUrl,
  primaryHostname: (site) => site.hostnames.find(({ role }) => role === 'primary')?.hostname ?? null,
  // nginx answers `redirect` hostnames by itself.
  hostnames: (site) =>
    site.hostnames
      .filter(({ role }) => role !== 'redirect')
      .map(({ hostname }) => hostname)
      .join(','),
  'database.url': (site) => databaseUrl(site),
  'database.host': (site) => site.database.host,
  'database.port': (site) => String(site.database.port),
  'database.name': (site) => site.database.name,
  'database.user': (site) => site.database.user,
  'database.password': (site) => site.database.password,
  'cache.url': (site) => site.cache.url,
  'cache.prefix': (site) => site.cache.prefix,
  'store.kind': (site) => site.store.kind,
  'store.root': (site) => (site.store.kind === 'directory' ? site.store.root : null),
  'store.endpoint': (site) => s3(site)?.endpoint ?? null,
  'store.region': (site) => s3(site)?.region ?? null,
  'store.bucket': (site) => s3(site)?.bucket ?? null,
  'store.accessKey': (site) => s3(site)?.accessKey ?? null,
  'store.secretKey': (site) => s3(site)?.secretKey ?? null,
  'media.url': (site) => site.store.mediaUrl,
  secretKey: (site) => site.secretKey,
  secretKeyFallbacks: (site) => site.secretKeyFallbacks.join(',') || null,
  'static.url': (site) => site.static.url,
  'static.root': (site) => site.static.root,
  work: (site) => site.work,
  debug: (site) => (site.debug ? 'true' : 'false'),
} satisfies Record<string, Lookup>;

export type Placeholder = keyof typeof PLACEHOLDERS;
export const placeholders = Object.keys(PLACEHOLDERS) as Placeholder[];

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** What is wrong with a template, in words; null when nothing is. */
export function templateProblem(template: string): string | null {
  for (const [, name] of template.matchAll(PLACEHOLDER)) {
    if (!(name! in PLACEHOLDERS)) return `{{${name}}} is not known; there are ${placeholders.join(', ')}`;
  }
  if (/\{\{|\}\}/.test(template.replace(PLACEHOLDER, ''))) return 'it has {{ or }} without its counterpart';
  return null;
}

/**
 * The environment variables that a codebase's templates give for one site. Inside a URL (a template with `://` before
 * the placeholder) names and secrets are percent-encoded. A variable is left out when the site has no value for one
 * of its placeholders (`cache.url` without Redis, `store.bucket` of a directory): the codebase then uses its default,
 * where an empty text would be a value of its own.
 * @throws RangeError for a template that `templateProblem` finds wrong
 */
export function expandEnvironment(templates: Readonly<Record<string, string>>, site: SiteFile): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [variable, template] of Object.entries(templates)) {
    const value = expand(template, site);
    if (value !== null) environment[variable] = value;
  }
  return environment;
}

function expand(template: string, site: SiteFile): string | null {
  const problem = templateProblem(template);
  if (problem) throw new RangeError(problem);
  let missing = false;
  const text = template.replace(PLACEHOLDER, (_, name: Placeholder, at: number) => {
    const value = PLACEHOLDERS[name](site);
    if (value === null) missing = true;
    const inUrl = template.slice(0, at).includes('://');
    return inUrl && !isUrlPart(name) ? encodeURIComponent(value ?? '') : (value ?? '');
  });
  return missing ? null : text;
}

/** Placeholders whose value is a URL or path itself, and must keep its slashes inside another URL. */
function isUrlPart(name: Placeholder): boolean {
  return /^(primaryUrl|primaryHostname|database\.(url|host)|cache\.url|store\.(endpoint|root)|.*\.url|static\.root|work)$/.test(
    name,
  );
}

function databaseUrl({ database }: SiteFile): string {
  const { host, port, name } = database;
  const credentials = `${encodeURIComponent(database.user)}:${encodeURIComponent(database.password)}`;
  // A Unix socket's directory cannot stand before the port; drivers take it as a parameter.
  if (host.startsWith('/')) {
    return `postgres://${credentials}@/${encodeURIComponent(name)}?host=${encodeURIComponent(host)}&port=${port}`;
  }
  const address = host.includes(':') ? `[${host}]` : host;
  return `postgres://${credentials}@${address}:${port}/${encodeURIComponent(name)}`;
}

/** Variables that neither a template nor a site's settings may set: they change what code runs, or are Reeve's own. */
export function isReservedVariable(name: string): boolean {
  return /^(REEVE_|LD_|PYTHON|UWSGI_)|^(PATH|HOME|SHELL|BASH_ENV|ENV|IFS|TMPDIR|VIRTUAL_ENV|DJANGO_SETTINGS_MODULE)$/.test(
    name,
  );
}

/**
 * All variables of a process that serves one site or works for it; nothing is inherited from Reeve's own process,
 * whose environment may name its database and keys.
 */
export function siteEnvironment(
  release: { readonly settings: string; readonly environment: Readonly<Record<string, string>> },
  site: SiteFile,
  siteFilePath: string,
): Record<string, string> {
  const own = Object.fromEntries(Object.entries(site.env).filter(([name]) => !isReservedVariable(name)));
  return {
    ...expandEnvironment(release.environment, site),
    ...own,
    DJANGO_SETTINGS_MODULE: release.settings,
    // The code is read-only to the site and was compiled when it was installed.
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
    HOME: site.work,
    LANG: 'C.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    REEVE_SITE_ID: site.site.id,
    REEVE_SITE_FILE: siteFilePath,
  };
}
