import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { type Codebase, codebaseSchema } from '../domain/codebase.ts';
import { CodebaseRefused, linesOf } from './refused.ts';

/** A codebase on disk whose description has been read and whose named files are there. */
export interface ReadCodebase {
  readonly directory: string;
  readonly description: Codebase;
  /** Absolute directories of the packages that are copied beside the code. */
  readonly packages: readonly string[];
}

/** The package that came with this Reeve, which a codebase gets by naming it. */
const OWN_PACKAGE = fileURLToPath(new URL('../../tenant/reeve_django/reeve_django', import.meta.url));

/**
 * Reads `<directory>/codebase.json` and looks whether what it names is there.
 * @throws CodebaseRefused (`read`) that names each problem, one a line
 */
export async function readCodebase(directory: string): Promise<ReadCodebase> {
  const file = path.join(directory, 'codebase.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? `${file} does not exist: it says how to run the project` : error.message;
    throw new CodebaseRefused('read', [why], { cause: error });
  });
  const description = parse(text, file);
  const root = await realpath(directory);
  const packages = description.packages.map((name) =>
    name === 'reeve_django' ? OWN_PACKAGE : path.resolve(root, name),
  );
  const problems = await missing(root, description, packages);
  if (problems.length > 0) throw new CodebaseRefused('read', problems);
  return { directory: root, description, packages };
}

function parse(text: string, file: string): Codebase {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CodebaseRefused('read', [`${file} is not JSON: ${linesOf(error)[0]}`], { cause: error });
  }
  const parsed = codebaseSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new CodebaseRefused('read', parsed.error.issues.flatMap(inWords));
}

function inWords(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${at ? `${at}.` : ''}${key}: is not known here`);
  // The name of a variable is judged by a schema of its own, whose words say more than "invalid key".
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => `${at}: ${inner.message}`);
  return [`${at || 'codebase.json'}: ${issue.message}`];
}

async function missing(root: string, description: Codebase, packages: readonly string[]): Promise<string[]> {
  const problems: string[] = [];
  const expect = async (what: string, file: string, directory: boolean) => {
    const found = await stat(file).catch(() => null);
    if (!found || found.isDirectory() !== directory) {
      problems.push(`${what}: there is no ${directory ? 'directory' : 'file'} ${path.relative(root, file) || '.'}`);
    }
  };
  await expect('requirements', path.join(root, description.requirements), false);
  for (const [i, directory] of packages.entries()) {
    await expect(`packages.${i}`, directory, true);
    await expect(`packages.${i}`, path.join(directory, '__init__.py'), false);
  }
  for (const [name, [script]] of Object.entries(description.commands)) {
    // `-m module` names no file.
    if (script && !script.startsWith('-')) await expect(`commands.${name}`, path.join(root, script), false);
  }
  return problems;
}
