/** Configurations on disk: each whole, in a directory of its own; the one in service is a symbolic link. */
import {
  existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Layout, places } from '../../domain/layout.ts';
import type { Drift } from '../../domain/observed.ts';
import { isUnfinished, replaceLink } from '../files/atomic.ts';

/** File name, relative to the configuration's directory, to contents. */
export type ConfigurationFiles = ReadonlyMap<string, string>;

export interface StagedConfiguration {
  /** `<generation>-<digest>`. */
  readonly name: string;
  readonly files: ConfigurationFiles;
}

const NAME = /^\d+-[A-Za-z0-9]+$/;

export function configurationPath(layout: Layout, name: string): string {
  return `${places.nginxDir(layout)}/${name}`;
}

/**
 * Write a configuration under its name, whole or not at all; one that is there already is used only when it is the
 * same. A file that the former configuration has with the same contents becomes a second name of it: most of
 * 10,000 sites' megabytes stay as they are when one hostname changes.
 *
 * @param former one whose files are as they were written: an edit of the same size would be taken over
 */
export function stage(layout: Layout, next: StagedConfiguration, former: StagedConfiguration | null): void {
  const target = configurationPath(layout, next.name);
  const draft = `${places.nginxDir(layout)}/.${next.name}.new.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  try {
    writeAll(layout, draft, next, former);
  } catch (error) {
    // On a full disk half a configuration would take the room that the next try needs.
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
  rmSync(target, { recursive: true, force: true });
  renameSync(draft, target);
}

function writeAll(layout: Layout, draft: string, next: StagedConfiguration, former: StagedConfiguration | null): void {
  mkdirSync(draft, { recursive: true, mode: 0o755 });
  for (const [name, contents] of next.files) {
    const path = `${draft}/${name}`;
    if (name.includes('/')) mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    if (former?.files.get(name) !== contents || !linked(`${configurationPath(layout, former.name)}/${name}`, path, contents)) {
      writeFileSync(path, contents, { mode: 0o644 });
    }
  }
}

function linked(from: string, to: string, contents: string): boolean {
  try {
    const stat = lstatSync(from);
    if (!stat.isFile() || stat.size !== Buffer.byteLength(contents)) return false;
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/** The switch: one rename. */
export function switchTo(layout: Layout, name: string): void {
  replaceLink(places.nginxCurrent(layout), name);
}

/** The name of the configuration in service; null when there is none yet. */
export function inService(layout: Layout): string | null {
  try {
    return basename(readlinkSync(places.nginxCurrent(layout)));
  } catch {
    return null;
  }
}

/** Remove configurations that are neither named here nor in service. */
export function removeOthers(layout: Layout, keep: readonly (string | null)[]): void {
  const current = inService(layout);
  for (const name of readdirSync(places.nginxDir(layout))) {
    if (!NAME.test(name) || name === current || keep.includes(name)) continue;
    rmSync(configurationPath(layout, name), { recursive: true, force: true });
  }
}

/** Says which generation wrote the others, and changes with each; nothing else in it could differ. */
export const GENERATION_FILE = 'generation.conf';

/** A configuration as it is on disk, when that is the wanted one but for the generation that wrote it; else null. */
export function onDisk(layout: Layout, name: string, wanted: ConfigurationFiles): ConfigurationFiles | null {
  const found = new Map<string, string>();
  try {
    for (const [file, contents] of wanted) {
      const text = readFileSync(`${configurationPath(layout, name)}/${file}`, 'utf8');
      if (text !== contents && file !== GENERATION_FILE) return null;
      found.set(file, text);
    }
    return found;
  } catch {
    return null;
  }
}

/** How the configuration on disk differs from the wanted one, and the link to it. */
export function differencesOnDisk(layout: Layout, name: string | null, wantedName: (name: string) => boolean, wanted: ConfigurationFiles): Drift[] {
  if (name === null || !wantedName(name)) return [{ path: places.nginxCurrent(layout), kind: name === null ? 'missing' : 'changed' }];
  return [...wanted].flatMap(([file, contents]): Drift[] => {
    const path = `${configurationPath(layout, name)}/${file}`;
    try {
      return file === GENERATION_FILE || readFileSync(path, 'utf8') === contents ? [] : [{ path, kind: 'changed' }];
    } catch {
      return [{ path, kind: 'missing' }];
    }
  });
}

/** What lies among the files in service and is not one of them; their paths. */
export function strangersIn(layout: Layout, { name, files }: StagedConfiguration): string[] {
  const directory = configurationPath(layout, name);
  // Then its own files are missing, and that is told.
  if (!existsSync(directory)) return [];
  const known = new Set([...files.keys()].flatMap((file) => (file.includes('/') ? [file, dirname(file)] : [file])));
  return readdirSync(directory, { recursive: true })
    .map(String)
    .filter((file) => !known.has(file) && !isUnfinished(basename(file)))
    .map((file) => `${directory}/${file}`);
}
