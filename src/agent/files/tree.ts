/**
 * The files that the agent has written, with what was written and what `stat` said right after: so that a pass with
 * nothing new costs no system call, and a file that someone touched is found by `stat` alone.
 */
import { lstatSync, readFileSync, rmSync, type Stats, utimesSync } from 'node:fs';
import type { Drift } from '../../domain/observed.ts';
import { type Owner, replaceFile } from './atomic.ts';

export interface FileOptions {
  readonly mode: number;
  readonly owner: Owner | null;
  /** The emperor compares times in whole seconds: a file written twice in one second must look newer by one. */
  readonly laterThan?: number;
}

/** Contents that are made when they are needed; the same key stands for the same text. */
export interface Text {
  readonly key: string;
  read(): string;
}

export type Contents = string | Text;

/** A file as it was found to have the contents that the key stands for, to be handed to the next start. */
export type Known = readonly [path: string, key: string, ino: number, size: number, mtimeMs: number, ctimeMs: number];

interface Written {
  readonly contents: Contents;
  readonly options: FileOptions;
  stat: Print;
}

/** What is kept of `stat`: the whole of it takes 340 bytes, this 90, and there are two files a site. */
type Print = Pick<Stats, 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>;

export interface Tree {
  /**
   * Make a file have these contents.
   * @returns whether it was written; false when it was so already
   */
  ensure(path: string, contents: Contents, options: FileOptions): boolean;
  /** Watch a file that was just written in another way. */
  adopt(path: string, contents: Contents, options: FileOptions): void;
  /** Remove a file that is no longer wanted. */
  remove(path: string): void;
  has(path: string): boolean;
  /** Compare every file with its `stat`; those that differ stay as they are. */
  compare(): Drift[];
  /** The same; those that differ are written again. */
  mend(): Drift[];
  /** Files that were not there as wanted when this process came to them first; nothing from the second call on. */
  foundAtStart(): Drift[];
  readonly size: number;
  /** For the next start, of files with keys. */
  known(): Known[];
}

/** @param known what the last start knew: a file whose `stat` is as it was is not read again */
export function createTree(known: readonly Known[] = []): Tree {
  const files = new Map<string, Written>();
  let atStart: Drift[] | null = [];
  const before = new Map(known.map((one) => [one[0], one]));

  /** Whether it is the very file that held these contents when the agent last looked. */
  function isRemembered(path: string, stat: Stats, contents: Contents, { mode, owner }: FileOptions): boolean {
    const one = before.get(path);
    before.delete(path);
    if (!one || typeof contents === 'string' || one[1] !== contents.key) return false;
    return stat.isFile() && (stat.mode & 0o7777) === mode && (!owner || (stat.uid === owner.uid && stat.gid === owner.gid))
      && stat.ino === one[2] && stat.size === one[3] && stat.mtimeMs === one[4] && stat.ctimeMs === one[5];
  }

  function write(path: string, contents: Contents, options: FileOptions): void {
    replaceFile(path, textOf(contents), options);
    if (options.laterThan !== undefined) {
      const seconds = Math.max(Math.floor(Date.now() / 1000), Math.floor(options.laterThan / 1000) + 1);
      utimesSync(path, seconds, seconds);
    }
    files.set(path, { contents, options, stat: printOf(lstatSync(path)) });
  }

  /** Files that are not as they were written, and what `stat` says of them; what was only touched is known as it is now. */
  function* changed(): Generator<{ readonly path: string; readonly known: Written; readonly stat: Stats | null }> {
    for (const [path, known] of files) {
      const stat = statOf(path);
      if (stat && isSame(stat, known.stat)) continue;
      if (stat && isAsWanted(path, stat, known.contents, known.options)) known.stat = printOf(stat);
      else yield { path, known, stat };
    }
  }

  const kindOf = (stat: Stats | null) => (stat ? 'changed' : 'missing');

  return {
    ensure(path, contents, options) {
      const known = files.get(path);
      if (known && areSame(known.contents, contents)) return false;
      // What is there already is only looked at: after a restart of the agent, and under another key.
      if (!known || typeof contents !== 'string') {
        const stat = statOf(path);
        if (stat && (isRemembered(path, stat, contents, options) || isAsWanted(path, stat, contents, options))) {
          files.set(path, { contents, options, stat: printOf(stat) });
          return false;
        }
        atStart?.push({ path, kind: kindOf(stat) });
      }
      write(path, contents, options);
      return true;
    },
    adopt(path, contents, options) {
      files.set(path, { contents, options, stat: printOf(lstatSync(path)) });
    },
    remove(path) {
      files.delete(path);
      // A directory may lie there: someone's, not ours.
      rmSync(path, { recursive: true, force: true });
    },
    has: (path) => files.has(path),
    compare: () => [...changed()].map(({ path, stat }) => ({ path, kind: kindOf(stat) })),
    mend() {
      const drift: Drift[] = [];
      for (const { path, known, stat } of changed()) {
        drift.push({ path, kind: kindOf(stat) });
        if (stat?.isDirectory()) rmSync(path, { recursive: true });
        write(path, known.contents, known.options.laterThan === undefined
          ? known.options
          : { ...known.options, laterThan: stat?.mtimeMs ?? known.stat.mtimeMs });
      }
      return drift;
    },
    foundAtStart() {
      const found = atStart ?? [];
      atStart = null;
      return found;
    },
    get size() {
      return files.size;
    },
    known: () => [...files].flatMap(([path, { contents, stat }]) =>
      (typeof contents === 'string' ? [] : [[path, contents.key, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs] as const])),
  };
}

function statOf(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

const printOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): Print => ({ ino, size, mtimeMs, ctimeMs });

function isSame(a: Print, b: Print): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

function isAsWanted(path: string, stat: Stats, contents: Contents, { mode, owner }: FileOptions): boolean {
  return stat.isFile() && (stat.mode & 0o7777) === mode && (!owner || (stat.uid === owner.uid && stat.gid === owner.gid))
    && isText(path, stat.size, textOf(contents));
}

function isText(path: string, size: number, text: string): boolean {
  return size === Buffer.byteLength(text) && readFileSync(path, 'utf8') === text;
}

const textOf = (contents: Contents) => (typeof contents === 'string' ? contents : contents.read());

function areSame(a: Contents, b: Contents): boolean {
  return a === b || (typeof a !== 'string' && typeof b !== 'string' && a.key === b.key);
}
