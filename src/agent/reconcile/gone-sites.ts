/**
 * What sites that are gone leave in a container, all but their stores: removed beside the passes, since it may take minutes,
 * and until it has worked. Each directory gets another name first, so that a site that comes back meanwhile finds its place
 * free, and keeps what it makes there.
 */
import { lstatSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Desired } from '../../domain/desired.ts';
import { isId, type SiteId } from '../../domain/id.ts';
import type { Layout } from '../../domain/layout.ts';
import { differing } from '../../domain/rows.ts';
import { type Log, messageOf } from '../../log.ts';
import { removeTrees } from '../../process/remove-tree.ts';
import { namesIn } from '../files/names.ts';
import { directoriesOf, hasFiles, type SiteFiles } from './site-files.ts';
import type { Vassals } from './vassals.ts';

export interface GoneSites {
  /** Look what is to go now, and begin with it. Returns at once. */
  follow(desired: Desired): void;
}

/** A vassal that still ends may make files where others are removed. */
const RETRY_MS = 5_000;
/** To each `rm`: starting one costs more than what it removes. */
const SITES_AT_ONCE = 100;
/** Not one of `isUnfinished`: what a start removes keeps it from serving. */
const ASIDE = '.gone-';

/** @param parts `desired`: what is known now, which may be newer than what was followed last */
export function goneSites(parts: {
  layout: Layout; files: Pick<SiteFiles, 'forget'>; vassals: Pick<Vassals, 'isGone'> | null; log: Log; desired(): Desired | null;
}): GoneSites {
  const { layout, files, vassals, log } = parts;
  /** What is to go, and when to try it, of `performance.now()`: sites that are in their places still … */
  const leaving = new Map<SiteId, number>();
  /** … and directories that have another name already. */
  const aside = new Map<string, number>();
  let seen: Desired['sites'] | null = null;
  let busy = false;
  let count = 0;
  let trouble: string | null = null;

  /** What earlier agents left: by whatever lies there, since nobody wrote it down. */
  function found(): SiteId[] {
    const sites = new Set<SiteId>();
    for (const room of directoriesOf(layout, '')) {
      for (const name of namesIn(room)) {
        if (name.startsWith(ASIDE)) aside.set(`${room}${name}`, 0);
        else if (isId('s', name)) sites.add(name);
      }
    }
    return [...sites];
  }

  function isGone(site: SiteId): boolean {
    const desired = parts.desired();
    return desired !== null && !hasFiles(desired, site) && (vassals?.isGone(site) ?? true);
  }

  function say(now: string | null): void {
    if (now !== trouble) log[now === null ? 'info' : 'warn']('removing what sites left', { was: trouble ?? 'well', now: now ?? 'well' });
    trouble = now;
  }

  function setAside(site: SiteId): void {
    try {
      files.forget(site);
      for (const directory of directoriesOf(layout, site)) {
        const name = `${dirname(directory)}/${ASIDE}${site}.${process.pid}.${count++}`;
        if (moved(directory, name)) aside.set(name, 0);
      }
      leaving.delete(site);
    } catch (error) {
      leaving.set(site, performance.now() + RETRY_MS);
      say(messageOf(error));
    }
  }

  async function remove(paths: readonly string[]): Promise<void> {
    const failed = await removeTrees(paths).then(() => null, (error) => messageOf(error).trim().split('\n').at(-1)!);
    for (const path of paths) {
      if (lstatSync(path, { throwIfNoEntry: false })) aside.set(path, performance.now() + RETRY_MS);
      else aside.delete(path);
    }
    if (failed !== null) say(failed);
  }

  /** What to remove now; nothing that failed a moment ago. */
  function next(): string[] {
    for (;;) {
      const sites = due(leaving).filter(isGone).slice(0, SITES_AT_ONCE);
      for (const site of sites) setAside(site);
      const paths = due(aside).slice(0, SITES_AT_ONCE * 3);
      if (paths.length > 0 || sites.length === 0) return paths;
    }
  }

  async function removeAll(): Promise<void> {
    if (busy) return;
    busy = true;
    try {
      for (let paths = next(); paths.length > 0; paths = next()) await remove(paths);
      if ([...leaving.values(), ...aside.values()].every((at) => at === 0)) say(null);
    } finally {
      busy = false;
    }
  }

  return {
    follow(desired) {
      const changed = seen ? differing(seen, desired.sites) : found();
      seen = desired.sites;
      for (const site of changed) {
        if (hasFiles(desired, site)) leaving.delete(site);
        else leaving.set(site, 0);
      }
      removeAll().catch((error) => say(messageOf(error)));
    },
  };
}

const due = <Key>(all: ReadonlyMap<Key, number>): Key[] => [...all].filter(([, at]) => at <= performance.now()).map(([key]) => key);

/** Whether it was there. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
