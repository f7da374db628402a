import { chmod, mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { type Codebase, pythonSatisfies } from '../domain/codebase.ts';
import { copyCode } from './copy.ts';
import { digestOf } from './digest.ts';
import { alone } from './lock.ts';
import { type ReadCodebase, readCodebase } from './read.ts';
import { CodebaseRefused } from './refused.ts';
import { type Release, type ReleaseFile, readRelease, releaseAt, removeRelease, writeRelease } from './release.ts';
import { run, type SystemUser } from './run.ts';
import { throwawaySite, withDirectory } from './site-files.ts';
import { collectStatic, importWsgi, systemCheck } from './steps.ts';
import { discardRelease, makingLock } from './unused.ts';
import { type PythonTools, sharedVenv, type Venv } from './venv.ts';

export interface Install extends PythonTools {
  /** The codebase's directory: the one that holds `codebase.json`. */
  readonly path: string;
  readonly releasesDir: string;
  readonly releaseId: string;
  /** Runs the codebase's own code while it is tried; as root, give a user that owns nothing. */
  readonly user?: SystemUser;
  /** Says what is being done now, for people. */
  readonly report?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Makes an immutable release of a codebase: `<releasesDir>/<releaseId>/{code,static,venv,release.json}`, where `venv`
 * is a link to an environment that other releases may share. Asks no database, so migrations are tried by `migrate` afterwards.
 * A release that is there already is returned as it is; one that was cut short is made anew.
 * @throws CodebaseRefused, having removed all that it made
 */
export async function installRelease(what: Install): Promise<Release> {
  return alone(makingLock(what.releasesDir, what.releaseId), what.signal, async () => {
    const before = await readRelease(what.releasesDir, what.releaseId);
    return before ?? install(what);
  });
}

async function install(what: Install): Promise<Release> {
  const codebase = await readCodebase(what.path);
  let venv: string | undefined;
  try {
    const release = await unpack(what, codebase, (made) => {
      venv = made.name;
    });
    await tryOut(what, release, codebase.description);
    what.report?.('computing the digest');
    const digest = await digestOf(release.directory, { ...release.manifest, id: undefined, digest: undefined });
    const finished = releaseAt(what.releasesDir, { ...release.manifest, digest });
    await writeRelease(finished);
    return finished;
  } catch (error) {
    await discardRelease(what.releasesDir, what.releaseId, venv);
    throw error;
  }
}

/** Copies the code and brings its virtual environment; what comes back has no digest yet. */
export async function unpack(what: Install, codebase: ReadCodebase, onVenv?: (venv: Venv) => void): Promise<Release> {
  const { description } = codebase;
  const directory = path.join(what.releasesDir, what.releaseId);
  const code = path.join(directory, 'code');
  await removeRelease(what.releasesDir, what.releaseId);
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755);
  what.report?.('copying the code');
  await copyCode(codebase, code);
  what.signal?.throwIfAborted();

  what.report?.('installing its requirements');
  const venv = await sharedVenv(what.releasesDir, path.join(code, description.requirements), what, what.signal);
  onVenv?.(venv);
  // For people who look here; Reeve itself goes by the manifest.
  await symlink(path.relative(directory, venv.directory), path.join(directory, 'venv'));
  if (!pythonSatisfies(description.python, venv.version)) {
    throw new CodebaseRefused('python', [`It wants Python ${description.python}; this machine has ${venv.version}.`]);
  }
  what.signal?.throwIfAborted();

  what.report?.('compiling');
  await compile(venv.python, code);
  return releaseAt(what.releasesDir, manifestOf(what.releaseId, description, venv));
}

/**
 * By hash and unchecked: the code never changes and is read-only to the sites. A file that does not compile may be a
 * template for another project; whether it matters shows when the application is imported.
 */
async function compile(python: string, code: string): Promise<void> {
  const args = ['-m', 'compileall', '-q', '-j', '0', '--invalidation-mode', 'unchecked-hash', code];
  await run({ file: python, args, cwd: code, env: {}, timeoutMs: 300_000 });
}

/** Imports, checks and collects, with a site that does not exist and no database. */
async function tryOut(what: Install, release: Release, description: Codebase): Promise<void> {
  const { manifest } = release;
  await withDirectory(what.user, async (directory) => {
    const statics = { url: manifest.static.url, root: release.static };
    const site = await throwawaySite(directory, statics, manifest.media.url, { user: what.user });
    const forSite = { release, site, user: what.user, signal: what.signal };
    what.report?.('importing the application');
    await importWsgi(forSite);
    what.report?.('running Django’s checks');
    await systemCheck(forSite);
    what.report?.('collecting static files');
    await collectStatic(forSite, description.static.root);
  });
}

function manifestOf(id: string, description: Codebase, venv: Venv): ReleaseFile {
  const [module, callable] = description.wsgi.split(':') as [string, string];
  const commands = Object.entries(description.commands).filter(([, command]) => command !== undefined);
  return {
    version: 1,
    id,
    digest: '',
    name: description.name,
    python: venv.version,
    venv: venv.name,
    wsgi: { module, callable },
    settings: description.settings,
    static: { url: description.static.url },
    media: description.media,
    health: description.health,
    commands: Object.fromEntries(commands) as Record<string, readonly string[]>,
    environment: description.environment,
  };
}
