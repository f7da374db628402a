import { chmod, chown, lchown, mkdir, readdir, rename, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { SiteFile } from '../domain/site-file.ts';
import { type ForSite, runForSite } from './commands.ts';
import { makeReadable } from './copy.ts';
import { CodebaseRefused, type CodebaseStep } from './refused.ts';
import type { Release } from './release.ts';
import type { Ran } from './run.ts';

/** Imports the module as uWSGI would (`argv` 1) and insists on a callable (`argv` 2). */
const IMPORT = `
import importlib, sys
found = getattr(importlib.import_module(sys.argv[1]), sys.argv[2], None)
if not callable(found):
    sys.exit(f"{sys.argv[1]} has no callable {sys.argv[2]}" if found is None else f"{sys.argv[2]} is not callable")
`;

/** Asks the application for one path as nginx's probe would, and prints the status: 0 when it raised. */
const ASK = `
import importlib, io, sys
module, name, path, host = sys.argv[1:]
path, _, query = path.partition("?")
application = getattr(importlib.import_module(module), name)
environ = {
    "REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": query, "REEVE_PROBE": "1",
    "SERVER_NAME": host, "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": host, "REMOTE_ADDR": "127.0.0.1",
    "HTTP_USER_AGENT": "Reeve-Probe", "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
    "wsgi.errors": sys.stderr, "wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": True,
}
seen = []
for part in application(environ, lambda status, headers, exc_info=None: seen.append(status)):
    pass
print("status", seen[0].split()[0] if seen else 0)
`;

const MINUTES = 60_000;

/** @throws CodebaseRefused (`import`) */
export async function importWsgi(what: ForSite): Promise<void> {
  const { module, callable } = what.release.manifest.wsgi;
  orRefuse('import', await runForSite(['-c', IMPORT, module, callable], { timeoutMs: 2 * MINUTES, ...what }));
}

/** Django's own system checks. @throws CodebaseRefused (`check`) */
export async function systemCheck(what: ForSite): Promise<void> {
  // Through the installed package, so that a project without a manage.py is checked too.
  orRefuse('check', await runForSite(['-m', 'django', 'check'], { timeoutMs: 2 * MINUTES, ...what }));
}

/**
 * Collects static files into the release's own directory, which nginx serves.
 * @param fixed where the codebase insists on collecting, inside its code
 * @throws CodebaseRefused (`collectStatic`)
 */
export async function collectStatic(what: ForSite, fixed?: string): Promise<void> {
  const { release } = what;
  const target = fixed ? path.join(release.code, fixed) : release.static;
  await mkdir(target, { recursive: true });
  // The user that collects may write there, and nowhere else in the release.
  if (what.user) await chown(target, what.user.uid, what.user.gid);
  const ran = await runForSite(release.manifest.commands.collectStatic ?? [], { timeoutMs: 10 * MINUTES, ...what });
  orRefuse('collectStatic', ran);
  if (fixed) await moveStatic(release, target);
  if (what.user) await giveBack(release.static);
  await makeReadable(release.static);
}

async function moveStatic(release: Release, from: string): Promise<void> {
  if ((await readdir(from)).length === 0) {
    throw new CodebaseRefused('collectStatic', [`Nothing was collected in ${path.relative(release.code, from)}.`]);
  }
  await rename(from, release.static);
  // The code goes on reading its manifest where its settings say.
  await symlink(path.relative(path.dirname(from), release.static), from);
}

/**
 * Makes this process's user the owner again, so that no site can change what all of them serve.
 *
 * Each directory before it is listed: something that the collecting user left running may change one for as long as it is
 * theirs or open to them, and a link that is swapped in for a directory leads everything below its path elsewhere, as root.
 * @param directory in one that is ours already
 */
export async function giveBack(directory: string): Promise<void> {
  const owner = [process.getuid!(), process.getgid!()] as const;
  await lchown(directory, ...owner);
  // From here on it stays what it is: nobody else may rename what lies in ours.
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const inside = path.join(directory, entry.name);
    if (entry.isDirectory()) await giveBack(inside);
    else await lchown(inside, ...owner);
  }
}

/** Whether the health path answers with a status that the codebase allows. @throws CodebaseRefused (`health`) */
export async function askHealth(what: ForSite, site: SiteFile): Promise<void> {
  const { wsgi, health } = what.release.manifest;
  const ran = await runForSite(['-c', ASK, wsgi.module, wsgi.callable, health.path, hostOf(site)], {
    timeoutMs: 2 * MINUTES,
    ...what,
  });
  orRefuse('health', ran);
  const status = Number(ran.lastLines.findLast((line) => line.startsWith('status '))?.slice('status '.length));
  if (health.statuses.includes(status)) return;
  const wanted = health.statuses.join(' or ');
  throw new CodebaseRefused('health', [...ran.lastLines, `${health.path} answered ${status}, not ${wanted}.`]);
}

function hostOf(site: SiteFile): string {
  return new URL(site.primaryUrl).host;
}

function orRefuse(step: CodebaseStep, ran: Ran): void {
  if (!ran.ok) throw new CodebaseRefused(step, ran.lastLines);
}
