/** Whether the releases in use are as they were prepared, by `stat` first: contents are read only where a file was touched. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { COMPILED, digestOfRelease } from '../../codebase/digest.ts';
import type { DescribedRelease } from '../../domain/drift.ts';
import type { Drift } from '../../domain/observed.ts';

export interface ReleaseReader {
  /** @param wanted the digest that each should have, by id */
  read(wanted: ReadonlyMap<string, string>): Promise<DescribedRelease[]>;
}

/** Path below the release to what `stat` says of it. */
type Listing = ReadonlyMap<string, string>;

interface Known {
  readonly listing: Listing;
  readonly digest: string | null;
  /** Of when the digest was right last. */
  readonly right: Listing | null;
}

const MOST_DIFFERING = 50;

export function releaseReader(releasesDir: string): ReleaseReader {
  let known = new Map<string, Known>();

  async function look(id: string, wanted: string): Promise<Known> {
    const directory = join(releasesDir, id);
    const before = known.get(id);
    const listing = new Map<string, string>();
    await list(directory, '', listing);
    if (before && isSame(before.listing, listing)) return before;
    const digest = await digestOfRelease(directory);
    return { listing, digest, right: digest === wanted ? listing : (before?.right ?? null) };
  }

  return {
    async read(wanted) {
      const seen = new Map<string, Known>();
      for (const [id, digest] of wanted) seen.set(id, await look(id, digest));
      known = seen;
      return [...seen].map(([id, { listing, digest, right }]) => ({
        id, digest, differing: right === null || digest === wanted.get(id) ? [] : differences(right, listing).slice(0, MOST_DIFFERING),
      }));
    },
  };
}

/** Of what the digest is of: compiled Python is not looked at. A directory that is not there has nothing in it. */
async function list(root: string, below: string, into: Map<string, string>): Promise<void> {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      if (entry.name !== COMPILED) await list(root, path, into);
      continue;
    }
    const { ino, size, mtimeMs, ctimeMs, mode } = await lstat(join(root, path));
    into.set(path, `${ino} ${size} ${mtimeMs} ${ctimeMs} ${mode}`);
  }
}

function isSame(a: Listing, b: Listing): boolean {
  if (a.size !== b.size) return false;
  for (const [path, stat] of a) if (b.get(path) !== stat) return false;
  return true;
}

function differences(right: Listing, found: Listing): Drift[] {
  const missing = [...right.keys()].filter((path) => !found.has(path)).map((path) => ({ path, kind: 'missing' as const }));
  const others = [...found].filter(([path, stat]) => right.get(path) !== stat)
    .map(([path]) => ({ path, kind: right.has(path) ? ('changed' as const) : ('extra' as const) }));
  return [...missing, ...others].sort((a, b) => (a.path < b.path ? -1 : 1));
}
