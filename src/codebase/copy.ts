import { chmod, copyFile, mkdir, readdir, readlink, realpath, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { ReadCodebase } from './read.ts';
import { CodebaseRefused } from './refused.ts';

/** Never part of a release. `.env` holds one developer's own secrets, and every site would get them. */
const LEFT_OUT = new Set([
  '.git',
  '.hg',
  '.svn',
  '.bzr',
  '.DS_Store',
  '.env',
  '.idea',
  '.vscode',
  '.reeve',
  '.coverage',
  '__pycache__',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  '.tox',
  '.nox',
  'node_modules',
]);

/**
 * Copies a codebase and the packages it names into `target`, readable to every user and writable to the owner alone.
 * Left out: version control, caches, virtual environments and what the codebase excludes.
 * @throws CodebaseRefused (`copy`) for a symbolic link that leads out, or a package whose name is taken
 */
export async function copyCode(codebase: ReadCodebase, target: string): Promise<void> {
  const { exclude, static: statics } = codebase.description;
  // What was collected on a developer's machine is none of the release's.
  const outside = statics.root ? [...exclude, statics.root] : exclude;
  const excluded = new Set(outside.map((entry) => path.join(codebase.directory, entry)));
  await copyDirectory(codebase.directory, target, codebase.directory, excluded);
  for (const directory of codebase.packages) {
    const beside = path.join(target, path.basename(directory));
    if (await stat(beside).catch(() => null)) {
      throw new CodebaseRefused('copy', [`The package ${path.basename(directory)} is in the code already.`]);
    }
    await copyDirectory(directory, beside, directory, new Set());
  }
}

async function copyDirectory(from: string, to: string, root: string, excluded: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true });
  // Whatever it is called, this file makes it a virtual environment.
  if (from !== root && entries.some((entry) => entry.name === 'pyvenv.cfg')) return;
  await mkdir(to, { recursive: true });
  // mkdir's own mode goes through the umask.
  await chmod(to, 0o755);
  for (const entry of entries) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (LEFT_OUT.has(entry.name) || entry.name.endsWith('.pyc') || excluded.has(source)) continue;
    if (entry.isDirectory()) await copyDirectory(source, target, root, excluded);
    else if (entry.isSymbolicLink()) await copyLink(source, target, root);
    else if (entry.isFile()) await copyOne(source, target);
    // Sockets, pipes and devices are not code.
  }
}

async function copyOne(source: string, target: string): Promise<void> {
  const { mode } = await stat(source);
  await copyFile(source, target);
  await chmod(target, mode & 0o100 ? 0o755 : 0o644);
}

async function copyLink(source: string, target: string, root: string): Promise<void> {
  const leadsTo = await realpath(source).catch(() => null);
  if (leadsTo === null) return;
  const link = await readlink(source);
  // Another user could not follow it, or would read what is no part of the release.
  if (path.isAbsolute(link) || path.relative(root, leadsTo).startsWith('..')) {
    throw new CodebaseRefused('copy', [`${path.relative(root, source)} is a link that leads out of the codebase.`]);
  }
  await symlink(link, target);
}

/** Lets every user read what is below `directory`, and enter or execute what its owner may. */
export async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const item = path.join(directory, entry.name);
    if (entry.isDirectory()) await makeReadable(item);
    else if (entry.isFile()) {
      const { mode } = await stat(item);
      const wanted = mode & 0o100 ? 0o755 : 0o644;
      if ((mode & 0o777) !== wanted) await chmod(item, wanted);
    }
  }
}
