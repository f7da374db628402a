/** What is on a container's disk, by digests: every file that the agent makes, and whatever else lies among them. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { basename } from 'node:path';
import { digestInName, fileDigest, linkDigest, type Manifest, withoutLines } from '../../domain/drift.ts';
import { isId } from '../../domain/id.ts';
import { type Layout, places } from '../../domain/layout.ts';
import { isUnfinished } from '../files/atomic.ts';
import { configurationPath, GENERATION_FILE } from '../nginx/stage.ts';

export interface DiskReader {
  /**
   * @param configuration the directory of the configuration in service
   * @param leftOut sites whose lines of sites.conf do not count
   */
  read(configuration: string | null, leftOut: ReadonlySet<string>): Promise<Manifest>;
}

/** So many files, then others get their turn: reading 30,000 of them takes half a second. */
const AT_ONCE = 400;

interface Known {
  readonly stat: Stats;
  readonly digest: string;
}

/** A file whose `stat` is the one of last time (the time of its last change of any kind in it) is not read again. */
export function diskReader(layout: Layout): DiskReader {
  let known = new Map<string, Known>();

  function digestOf(path: string, options: { strict: boolean; leftOut?: ReadonlySet<string> }, seen: Map<string, Known>): string | null {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) return null;
    if (stat.isSymbolicLink()) return linkDigest(readlinkSync(path));
    if (!stat.isFile()) return 'no file';
    const before = known.get(path);
    if (!options.leftOut?.size && before && isSame(before.stat, stat)) {
      seen.set(path, before);
      return before.digest;
    }
    const text = readFileSync(path);
    const contents = options.leftOut?.size ? withoutLines(text.toString('utf8'), options.leftOut) : text;
    const digest = options.strict
      ? fileDigest(contents, stat.mode & 0o7777, layout.firstUid === null ? null : stat.uid)
      : fileDigest(contents, null, null);
    if (!options.leftOut?.size) seen.set(path, { stat, digest });
    return digest;
  }

  return {
    async read(configuration, leftOut) {
      const seen = new Map<string, Known>();
      const found = new Map<string, string>();
      const put = (name: string, digest: string | null) => { if (digest !== null) found.set(name, digest); };
      const current = lstatSync(places.nginxCurrent(layout), { throwIfNoEntry: false });
      if (current) {
        const target = current.isSymbolicLink() ? readlinkSync(places.nginxCurrent(layout)) : null;
        put('nginx/current', linkDigest(target === null ? 'no link' : target === configuration ? digestInName(target) : basename(target)));
      }
      if (configuration !== null) {
        for (const name of listed(configurationPath(layout, configuration))) {
          const path = `${configurationPath(layout, configuration)}/${name}`;
          // It says which generation wrote the others, which nobody else can know.
          put(`nginx/${name}`, name === GENERATION_FILE ? 'here' : digestOf(path, { strict: false, ...(name === 'sites.conf' ? { leftOut } : {}) }, seen));
        }
      }
      let count = 0;
      for (const room of ['vassals', 'sites'] as const) {
        for (const name of listed(`${layout.root}/${room}`)) {
          put(`${room}/${name}`, digestOf(`${layout.root}/${room}/${name}`, { strict: true }, seen));
          if (++count % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      }
      for (const name of listed(layout.runDir)) {
        const path = `${layout.runDir}/${name}`;
        if (!name.endsWith('.sock') || !isId('s', name.slice(0, -5)) || !lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) continue;
        put(`run/${name}`, linkDigest(basename(readlinkSync(path), '.sock')));
      }
      known = seen;
      return found;
    },
  };
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => !isUnfinished(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.mode === b.mode && a.uid === b.uid;
}

/** Where a file of a manifest is in this container. */
export function pathOf(layout: Layout, configuration: string | null, name: string): string {
  if (name === 'nginx/current') return places.nginxCurrent(layout);
  if (name.startsWith('nginx/') && configuration !== null) return `${configurationPath(layout, configuration)}/${name.slice(6)}`;
  if (name.startsWith('run/')) return `${layout.runDir}/${name.slice(4)}`;
  return name.startsWith('process:') ? name : `${layout.root}/${name}`;
}
