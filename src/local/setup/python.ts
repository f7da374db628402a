import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isReachable, type Home } from '../home.ts';
import { childEnvironment } from '../environment.ts';
import { findPrograms, runCommand } from './command.ts';
import { type PythonChoice, type Report, SetupError } from './installed.ts';

/** Newest first; Wagtail's current release needs 3.10. */
const NAMES = ['python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3'];
const OLDEST_MINOR = 10;
const NEWEST_MINOR = 14;

const QUESTION = `
import json, sys, sysconfig
missing = []
for name in ("venv", "ssl", "zlib", "sqlite3", "ctypes"):
    try:
        __import__(name)
    except ImportError:
        missing.append(name)
print(json.dumps({"path": sys._base_executable, "version": list(sys.version_info[:3]), "missing": missing,
                  "library": sysconfig.get_path("stdlib")}))
`;

interface Answer {
  readonly path: string;
  readonly version: [number, number, number];
  readonly missing: readonly string[];
  readonly library: string;
}

interface Remembered extends PythonChoice {
  readonly modified: number;
}

/**
 * Chooses the interpreter for all virtual environments: the newest of 3.10 to 3.14 that has what Django needs and
 * that, as root, the sites' own users can run. The choice is remembered, since asking each candidate takes seconds
 * where a version manager's shims answer.
 *
 * @throws SetupError where there is none.
 */
export async function findPython(home: Home, report: Report, stopping?: AbortSignal): Promise<PythonChoice> {
  const file = join(home.toolsDir, 'python.json');
  const known = recall(file);
  if (known) return tell(known, report);
  report({ name: 'Python', state: 'checking', detail: NAMES.join(', ') });
  const { choice, skipped } = await inspectPythons(undefined, stopping);
  if (!choice) {
    const found = skipped.map(({ path, reason }) => `${path}: ${reason}`).join('; ');
    throw new SetupError('Python', `no suitable Python 3.10 to 3.14${found ? ` (${found})` : ''}: ${installPython()}`);
  }
  remember(file, choice);
  return tell(choice, report);
}

/** The choice among the interpreters of this machine, null where there is none, and what was passed over and why. */
export async function inspectPythons(
  candidates: readonly string[] = NAMES.flatMap((name) => findPrograms(name)),
  stopping?: AbortSignal,
): Promise<{ readonly choice: PythonChoice | null; readonly skipped: PythonChoice['skipped'] }> {
  const skipped: { path: string; reason: string }[] = [];
  const seen = new Set<string>();
  for (const candidate of candidates) {
    const answer = await ask(candidate, stopping);
    if (!answer || seen.has(answer.path)) continue;
    seen.add(answer.path);
    const reason = unsuitable(answer);
    if (reason === null) return { choice: { path: answer.path, version: answer.version.join('.'), skipped }, skipped };
    skipped.push({ path: answer.path, reason });
  }
  return { choice: null, skipped };
}

function tell(choice: PythonChoice, report: Report): PythonChoice {
  report({ name: 'Python', state: 'done', detail: `${choice.version}, ${choice.path}` });
  return choice;
}

async function ask(candidate: string, stopping?: AbortSignal): Promise<Answer | null> {
  // -I: neither the person's PYTHONPATH nor the current directory is looked at.
  const result = await runCommand(candidate, ['-I', '-c', QUESTION], { timeout: 20_000, env: pythonEnvironment(), stopping });
  if (result.code !== 0) return null; // a shim without its version, or broken: not a Python that could be named
  try {
    return JSON.parse(result.stdout) as Answer;
  } catch {
    return null;
  }
}

function unsuitable(answer: Answer): string | null {
  const [major, minor] = answer.version;
  if (major !== 3 || minor < OLDEST_MINOR) return `${answer.version.join('.')} is older than 3.${OLDEST_MINOR}`;
  if (minor > NEWEST_MINOR) return `${answer.version.join('.')} is newer than pyuwsgi's wheels`;
  if (answer.missing.length > 0) return `it was built without ${answer.missing.join(', ')}`;
  const closed = process.getuid?.() === 0 && [realpathSync(answer.path), answer.library].some((path) => !isReachable(path));
  return closed ? 'the sites run as users of their own, who cannot get to it' : null;
}

/** What to do where there is none. */
export function installPython(): string {
  return process.platform === 'darwin' ? 'install python@3.13 with Homebrew' : 'install the packages python3 and python3-venv';
}

function recall(file: string): PythonChoice | null {
  try {
    const { modified, ...choice } = JSON.parse(readFileSync(file, 'utf8')) as Remembered;
    return existsSync(choice.path) && statSync(choice.path).mtimeMs === modified ? choice : null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function remember(file: string, choice: PythonChoice): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, JSON.stringify({ ...choice, modified: statSync(choice.path).mtimeMs }));
  renameSync(`${file}.part`, file);
}

/** Without what would make Python or pip look, or write, anywhere but where they are told to. */
export function pythonEnvironment(): NodeJS.ProcessEnv {
  const env = childEnvironment({ PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1' });
  for (const name of ['PYTHONHOME', 'PYTHONPATH', 'PIP_USER', 'PIP_TARGET', 'PIP_PREFIX', 'PIP_ROOT', 'PIP_REQUIRE_VIRTUALENV', 'VIRTUAL_ENV']) {
    delete env[name];
  }
  return env;
}
