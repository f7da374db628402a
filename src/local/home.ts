import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where one local platform keeps what it makes. All paths are absolute and hold only `[A-Za-z0-9._/-]`. */
export interface Home {
  /** The clone that runs. Its own path may hold any character. */
  readonly clone: string;
  /** The state: databases, logs, secrets, releases, stores. */
  readonly root: string;
  /** Why it is where it is; for the doctor. */
  readonly why: string;
  /** For sockets alone: short, private, may be gone after a restart of the machine. */
  readonly runDir: string;
  /** Programs and virtual environments that set-up made; REEVE_TOOLS shares one between homes. */
  readonly toolsDir: string;
  /** 0700. */
  readonly secretsDir: string;
  readonly logsDir: string;
  /** One record for each running child, so that the next start finds what a killed one left. */
  readonly processesDir: string;
  /** 0600: where the API, dashboard, edge and Temporal UI are, and the token. */
  readonly accessFile: string;
  readonly lockFile: string;
  readonly portsFile: string;
}

export class HomeError extends Error {
  override readonly name = 'HomeError';
}

/** uWSGI expands much else in its files (DATAPLANE.md, "Injection"). */
const SAFE_PATH = /^[A-Za-z0-9._/-]+$/;
const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Chooses the home of a clone; makes nothing (see `openHome`). In order: `root`, `REEVE_HOME`, `<clone>/.reeve`
 * where its characters allow it and, as root, other users can get there; else a directory named after the clone in
 * the user's state directory; else, as root, in /var/lib/reeve.
 *
 * @throws HomeError where a given path holds characters that cannot be used.
 */
export function findHome(options: { root?: string; clone?: string; env?: NodeJS.ProcessEnv; uid?: number } = {}): Home {
  const env = options.env ?? process.env;
  const clone = realpathSync(options.clone ?? REPOSITORY);
  const asRoot = (options.uid ?? process.getuid?.()) === 0;
  const given = options.root ?? env.REEVE_HOME;
  if (given) {
    const root = resolve(given);
    if (!SAFE_PATH.test(root)) {
      throw new HomeError(`REEVE_HOME may only hold letters, digits and . _ / -, but is ${JSON.stringify(root)}`);
    }
    if (asRoot && !isReachable(root)) {
      throw new HomeError(`other users cannot get to ${root}: Postgres, nginx's workers and the sites run as users of their own; chmod o+x it, or set REEVE_HOME to another directory`);
    }
    return homeAt(clone, root, options.root ? 'asked for' : 'REEVE_HOME', env);
  }
  const reasons: string[] = [];
  for (const candidate of candidates(clone, env, asRoot)) {
    if (!SAFE_PATH.test(candidate)) {
      reasons.push(`${candidate} has characters that uWSGI's files may not hold`);
    } else if (asRoot && !isReachable(candidate)) {
      reasons.push(`other users cannot get to ${candidate}`);
    } else {
      return homeAt(clone, candidate, reasons.join('; ') || 'the default', env);
    }
  }
  throw new HomeError(`no place for the state: ${reasons.join('; ')}. Set REEVE_HOME to a directory`);
}

function candidates(clone: string, env: NodeJS.ProcessEnv, asRoot: boolean): string[] {
  const state = env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state');
  const own = [join(clone, '.reeve'), join(state, 'reeve', shortHash(clone))];
  return asRoot ? [...own, join('/var/lib/reeve', shortHash(clone))] : own;
}

function homeAt(clone: string, root: string, why: string, env: NodeJS.ProcessEnv): Home {
  const toolsDir = env.REEVE_TOOLS ? resolve(env.REEVE_TOOLS) : join(root, 'tools');
  if (!SAFE_PATH.test(toolsDir)) {
    throw new HomeError(`REEVE_TOOLS may only hold letters, digits and . _ / -, but is ${JSON.stringify(toolsDir)}`);
  }
  return {
    clone,
    root,
    why,
    runDir: join(shortTemporaryDirectory(), `reeve-${shortHash(root)}`),
    toolsDir,
    secretsDir: join(root, 'secrets'),
    logsDir: join(root, 'logs'),
    processesDir: join(root, 'processes'),
    accessFile: join(root, 'access.json'),
    lockFile: join(root, 'lock'),
    portsFile: join(root, 'ports.json'),
  };
}

/** A socket's path has 103 bytes; the longest name below this directory takes about 50. */
function shortTemporaryDirectory(): string {
  const directory = tmpdir();
  return directory.length <= 50 && SAFE_PATH.test(directory) ? directory : '/tmp';
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** Whether any user of this machine may pass through every existing directory on the way to `path`. */
export function isReachable(path: string): boolean {
  for (let at = resolve(path); ; at = dirname(at)) {
    const stats = statSync(at, { throwIfNoEntry: false });
    if (stats?.isDirectory() && (stats.mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/**
 * Makes the home's directories. As root they can be passed through by others, since Postgres, nginx's workers and
 * the sites run as users of their own; secrets stay closed.
 *
 * @throws HomeError where the directory for sockets is somebody else's: it is in a place that all can write to.
 */
export function openHome(home: Home): void {
  const asRoot = process.getuid?.() === 0;
  // What is made from here on, also by pip and npm, must not be closed to those users by the person's own umask.
  if (asRoot) process.umask(0o022);
  for (const directory of [home.root, home.toolsDir]) makeDirectory(directory, asRoot ? 0o755 : 0o700);
  for (const directory of [home.secretsDir, home.processesDir]) makeDirectory(directory, 0o700);
  makeDirectory(home.logsDir, asRoot ? 0o711 : 0o700);
  makeDirectory(home.runDir, asRoot ? 0o711 : 0o700);
  const stats = lstatSync(home.runDir);
  if (!stats.isDirectory() || stats.uid !== (process.getuid?.() ?? stats.uid)) {
    throw new HomeError(`${home.runDir} belongs to another user; remove it, or set REEVE_HOME to another directory`);
  }
}

function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    mkdirSync(path, { mode });
  } catch (error) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && stats && !stats.isFile()) return;
    throw new HomeError(`cannot make ${path}: ${(error as Error).message}`, { cause: error });
  }
}
