import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { siteEnvironment } from '../../src/domain/codebase-environment.ts';
import type { SiteFile } from '../../src/domain/site-file.ts';
import type { Release, SystemUser } from '../../src/codebase/index.ts';
import { type Answer, ask } from './uwsgi-client.ts';

export interface Request {
  readonly method?: string;
  /** Without it, the site's primary hostname with the visitors' port. */
  readonly host?: string;
  readonly cookies?: Cookies;
  readonly headers?: Record<string, string>;
  /** uwsgi_params that only nginx can set. */
  readonly params?: Record<string, string>;
  readonly body?: Buffer;
  readonly type?: string;
}

/** A real uWSGI process of one site, asked as nginx would ask it. */
export interface Vassal {
  request(path: string, request?: Request): Promise<Answer>;
  /** Replaces the site's file by rename, as the agent does. */
  replaceSiteFile(site: SiteFile): void;
  /** What it has written to its log. */
  log(): string;
  stop(): Promise<void>;
}

/** A browser's cookie jar for one host. */
export class Cookies extends Map<string, string> {
  take(answer: Answer): void {
    for (const cookie of answer.headers.get('set-cookie') ?? []) {
      const [name, value] = cookie.split(';')[0]!.split('=') as [string, string];
      this.set(name, value);
    }
  }

  override toString(): string {
    return [...this].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

export async function startVassal(
  release: Release,
  site: SiteFile,
  directory: string,
  user?: SystemUser,
): Promise<Vassal> {
  const own = path.join(directory, 'vassals', `${site.site.id}-${process.hrtime.bigint()}`);
  const writable = [own, site.work, ...(site.store.kind === 'directory' ? [site.store.root] : [])];
  for (const made of writable) {
    mkdirSync(made, { recursive: true });
    if (user) chownSync(made, user.uid, user.gid);
  }
  const file = path.join(own, 'site.json');
  const socket = path.join(own, 's.sock');
  const replaceSiteFile = (contents: SiteFile) => {
    writeFileSync(`${file}.new`, JSON.stringify(contents), { mode: 0o600 });
    if (user) chownSync(`${file}.new`, user.uid, user.gid);
    renameSync(`${file}.new`, file);
  };
  replaceSiteFile(site);

  const { module, callable } = release.manifest.wsgi;
  const options = [
    '--socket',
    socket,
    '--module',
    module,
    '--callable',
    callable,
    '--master',
    '--processes',
    '2',
    '--need-app',
    '--die-on-term',
  ];
  const child = spawn(
    path.join(release.venv, 'bin/python3'),
    ['-c', 'import sys, pyuwsgi; pyuwsgi.run(sys.argv[1:])', ...options, '--pythonpath', release.code, '--buffer-size', '32768'],
    {
      cwd: release.code,
      env: siteEnvironment(release.manifest, site, file),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...user,
    },
  );
  let log = '';
  child.stdout.on('data', (chunk) => (log += chunk));
  child.stderr.on('data', (chunk) => (log += chunk));
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));

  const primary = new URL(site.primaryUrl);
  const request = (target: string, options: Request = {}) => {
    const [name, query = ''] = target.split('?') as [string, string?];
    const headers = { ...(options.cookies?.size ? { cookie: String(options.cookies) } : {}), ...options.headers };
    const variables: Record<string, string> = {
      REQUEST_METHOD: options.method ?? 'GET',
      PATH_INFO: decodeURIComponent(name),
      REQUEST_URI: target,
      QUERY_STRING: query,
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_NAME: primary.hostname,
      SERVER_PORT: '80',
      REMOTE_ADDR: '127.0.0.1',
      HTTP_HOST: options.host ?? primary.host,
      HTTP_X_FORWARDED_PROTO: 'http',
      CONTENT_LENGTH: String(options.body?.length ?? ''),
      CONTENT_TYPE: options.type ?? '',
      ...options.params,
    };
    for (const [header, value] of Object.entries(headers))
      variables[`HTTP_${header.toUpperCase().replaceAll('-', '_')}`] = value;
    return ask(socket, variables, options.body);
  };
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the vassal ended at once:\n${log}`);
    if (await request('/.reeve/nothing').catch(() => null)) break;
    await delay(50);
  }
  return {
    request,
    replaceSiteFile,
    log: () => log,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
