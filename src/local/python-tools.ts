import type { PythonTools } from '../codebase/index.ts';
import { findHome } from './home.ts';
import { type PythonChoice, SetupError } from './setup/installed.ts';
import { createPip } from './setup/pip.ts';

/**
 * How releases get their virtual environments on a person's machine: with the interpreter and the pip that set-up chose,
 * since the first python3 on PATH may be one that other system users cannot reach, or one without pip.
 */
export function localPythonTools(python: Pick<PythonChoice, 'path' | 'version'>): PythonTools {
  const pip = createPip(findHome(), { ...python, skipped: [] });
  const silent = () => {};
  return {
    makeVenv: (directory) => withLastLines(pip.makeVenv(directory, silent)),
    installRequirements: (venv, file) => withLastLines(pip.installRequirements(venv, file, silent)),
  };
}

/** Whoever made the codebase needs pip's own words, not the hint for whoever sets up the machine. */
async function withLastLines(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SetupError && error.tail) throw Object.assign(error, { lastLines: error.tail.trimEnd().split('\n') });
    throw error;
  }
}
