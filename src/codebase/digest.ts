import { createHash, type Hash } from 'node:crypto';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import path from 'node:path';

/** A directory of compiled Python. */
export const COMPILED = '__pycache__';
/** What a release's own file says, in a release's directory: made after the digest that it holds. */
const OWN_FILE = 'release.json';

/** The digest of a release as it lies there: of its manifest and its contents. Null when it is not there, or was never finished. */
export async function digestOfRelease(directory: string): Promise<string | null> {
  try {
    const manifest = JSON.parse(await readFile(path.join(directory, OWN_FILE), 'utf8')) as Record<string, unknown>;
    return await digestOf(directory, { ...manifest, id: undefined, digest: undefined });
  } catch (error) {
    if (error instanceof SyntaxError || ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/**
 * SHA-256 of a directory's contents: names, executable bits and bytes, in order of names. Compiled Python is left
 * out, since it follows from the sources and from the interpreter, and so is a release's own file.
 */
export async function digestOf(directory: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify(more));
  await add(hash, directory, '');
  return hash.digest('hex');
}

async function add(hash: Hash, root: string, below: string): Promise<void> {
  const entries = await readdir(path.join(root, below), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const name = path.posix.join(below, entry.name);
    const file = path.join(root, name);
    if (entry.isDirectory()) {
      if (entry.name !== COMPILED) await add(hash, root, name);
    } else if (entry.isSymbolicLink()) {
      hash.update(`\0link ${name}\0${await readlink(file)}`);
    } else if (entry.isFile() && name !== OWN_FILE) {
      const contents = await readFile(file);
      // Lengths keep one file's end and the next one's beginning apart.
      hash.update(`\0file ${(await stat(file)).mode & 0o100 ? 'x' : '-'} ${contents.length} ${name}\0`);
      hash.update(contents);
    }
  }
}
