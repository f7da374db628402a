import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Home } from '../home.ts';
import { withLock } from '../lock.ts';
import { runCommand } from './command.ts';
import { type Pip, type PythonChoice, type Report, SetupError } from './installed.ts';
import { placeOnce } from './place.ts';
import { pythonEnvironment } from './python.ts';

/**
 * pip comes with this repository, as its wheel, and is run from outside the virtual environments: Debian's Python
 * has no `ensurepip` unless one more package is installed, and without it there would be nothing to fetch pip with.
 */
const WHEEL = 'pip-26.3-py3-none-any.whl';
const WHEEL_SHA256 = 'f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13';

/** Finishes a virtual environment. */
const MARK = '.reeve-venv';

export function createPip(home: Home, python: PythonChoice, stopping?: AbortSignal): Pip {
  return {
    makeVenv: (dir, report) => makeVenv(python, dir, report, stopping),
    installRequirements: async (venv, requirementsFile, report) => {
      const stamp = join(venv, `.reeve-${basename(requirementsFile)}-${digestOf(requirementsFile).slice(0, 16)}`);
      if (existsSync(stamp)) return;
      try {
        await runPip(home, join(venv, 'bin', 'python3'), ['install', '-r', requirementsFile], report, stopping);
      } catch (error) {
        // Half a package would be taken for a whole one.
        if (stopping?.aborted) removeVenv(venv);
        throw error;
      }
      writeFileSync(stamp, '');
    },
  };
}

/**
 * Runs pip with an interpreter, reporting what it collects.
 *
 * @throws SetupError with pip's last lines.
 */
export async function runPip(home: Home, python: string, args: readonly string[], report: Report, stopping?: AbortSignal): Promise<void> {
  const pip = await unpackPip(home, python, report, stopping);
  const result = await runCommand(python, [join(pip, 'pip'), ...args, '--progress-bar', 'off'], {
    env: pythonEnvironment(),
    stopping,
    onLine: (line) => {
      if (/^(Collecting|Downloading|Building|Installing)/.test(line)) report({ name: 'Python packages', state: 'working', detail: line });
    },
  });
  if (result.code !== 0) {
    const hint = 'check the network, the proxy and `pip config list`, then start again';
    throw new SetupError('Python packages', `pip failed: ${hint}`, { tail: result.tail });
  }
}

/** A virtual environment cannot be moved, so it is made in place and finished by a mark. */
async function makeVenv(python: PythonChoice, dir: string, report: Report, stopping?: AbortSignal): Promise<void> {
  const mark = join(dir, MARK);
  if (existsSync(mark)) return;
  mkdirSync(dirname(dir), { recursive: true });
  const waiting = (by: { pid: number }) => report({ name: 'Python packages', state: 'working', detail: `waiting for process ${by.pid}` });
  await withLock(`${dir}.lock`, waiting, async () => {
    if (existsSync(mark)) return;
    rmSync(dir, { recursive: true, force: true });
    const result = await runCommand(python.path, ['-I', '-m', 'venv', '--without-pip', dir], { env: pythonEnvironment(), stopping }).catch((error: Error) => {
      removeVenv(dir);
      throw error;
    });
    if (result.code !== 0) {
      throw new SetupError('Python packages', `${python.path} cannot make a virtual environment: install python3-venv`, {
        tail: result.tail,
      });
    }
    writeFileSync(mark, python.path);
  }, stopping);
}

/** Its mark first: what is left where this is cut short is no environment. */
function removeVenv(dir: string): void {
  rmSync(join(dir, MARK), { force: true });
  rmSync(dir, { recursive: true, force: true });
}

async function unpackPip(home: Home, python: string, report: Report, stopping?: AbortSignal): Promise<string> {
  const wheel = join(home.clone, 'tools', 'pip', WHEEL);
  const place = join(home.toolsDir, basename(WHEEL, '.whl'));
  await placeOnce(place, 'Python packages', report, async (draft) => {
    if (digestOf(wheel) !== WHEEL_SHA256) throw new SetupError('Python packages', `${wheel} is damaged: fetch the clone again`);
    const result = await runCommand(python, ['-I', '-m', 'zipfile', '-e', wheel, draft], { env: pythonEnvironment(), stopping });
    if (result.code !== 0) throw new SetupError('Python packages', 'pip cannot be unpacked', { tail: result.tail });
  }, stopping);
  return place;
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
