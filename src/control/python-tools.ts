import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PythonTools } from '../codebase/index.ts';

const run = promisify(execFile);
const LONGEST_MS = 20 * 60_000;

/**
 * Virtual environments by this machine's own `python3`, its venv and its pip: what a container image has. A person's
 * machine may lack parts of these; the local set-up brings its own way (`src/local/setup/pip.ts`), and whoever starts the
 * control worker there gives that one.
 * @param python  the interpreter that releases run on
 */
export function machinePython(python = 'python3'): PythonTools {
  const options = { timeout: LONGEST_MS, maxBuffer: 16 * 1_048_576 };
  return {
    makeVenv: (directory) => run(python, ['-I', '-m', 'venv', directory], options),
    installRequirements: (venv, file) => run(`${venv}/bin/python3`,
      ['-I', '-m', 'pip', 'install', '--disable-pip-version-check', '--progress-bar', 'off', '-r', file], options),
  };
}
