import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeReadable } from './copy.ts';
import { alone } from './lock.ts';
import { CodebaseRefused, linesOf } from './refused.ts';
import { run } from './run.ts';

/** How virtual environments are made; the local set-up and a container image each have their own way. */
export interface PythonTools {
  /** Makes an empty virtual environment. Rejects with an error whose `lastLines`, `stderr` or message says why. */
  makeVenv(directory: string): Promise<unknown>;
  /** Installs a requirements file into it. Rejects in the same way. */
  installRequirements(venv: string, file: string): Promise<unknown>;
}

export interface Venv {
  /** Relative to the releases directory, e.g. `venvs/3f2a…`. */
  readonly name: string;
  readonly directory: string;
  readonly python: string;
  /** e.g. `3.11.2`. */
  readonly version: string;
}

/**
 * The virtual environment for a requirements file, shared by every release with the same requirements: installing
 * wheels takes ten times as long as all the rest. A marker written last says that it is whole.
 * @throws CodebaseRefused (`requirements`), leaving nothing
 */
export async function sharedVenv(
  releasesDir: string,
  requirements: string,
  tools: PythonTools,
  signal?: AbortSignal,
): Promise<Venv> {
  const name = `venvs/${await requirementsHash(requirements)}`;
  const directory = path.join(releasesDir, name);
  return alone(`${directory}.making`, signal, async () => {
    const ready = await versionOf(directory);
    if (ready) return { ...ready, name, directory };
    await rm(directory, { recursive: true, force: true });
    try {
      await tools.makeVenv(directory);
      await tools.installRequirements(directory, requirements);
      await makeReadable(directory);
      await writeFile(path.join(directory, COMPLETE), '');
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw new CodebaseRefused('requirements', linesOf(error), { cause: error });
    }
    const version = await versionOf(directory);
    if (!version) throw new CodebaseRefused('requirements', [`${directory} has no Python that runs.`]);
    return { ...version, name, directory };
  });
}

const COMPLETE = '.reeve-complete';

/** Null when the environment is not whole, or its Python no longer runs (the system's was upgraded). */
async function versionOf(directory: string): Promise<{ python: string; version: string } | null> {
  const python = path.join(directory, 'bin/python3');
  if ((await readFile(path.join(directory, COMPLETE)).catch(() => null)) === null) return null;
  const script = 'import platform, django; print(platform.python_version())';
  const asked = await run({ file: python, args: ['-c', script], cwd: directory, env: {}, timeoutMs: 30_000 });
  return asked.ok ? { python, version: asked.lastLines.at(-1) ?? '' } : null;
}

/** Of the file and all that it includes, and of the machine's kind, since wheels differ. */
async function requirementsHash(file: string): Promise<string> {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  const seen = new Set<string>();
  const add = async (next: string): Promise<void> => {
    if (seen.has(next)) return;
    seen.add(next);
    const text = await readFile(next, 'utf8').catch((error: Error) => {
      throw new CodebaseRefused('requirements', [`${path.basename(next)}: ${error.message}`], { cause: error });
    });
    hash.update(`\0${text}`);
    for (const [, , included] of text.matchAll(/^\s*(-r|-c|--requirement|--constraint)[\s=]+(\S+)/gm)) {
      if (!/^[a-z]+:\/\//.test(included!)) await add(path.resolve(path.dirname(next), included!));
    }
  };
  await add(file);
  return hash.digest('hex').slice(0, 24);
}
