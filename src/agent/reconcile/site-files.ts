/** What Django, the wrapper and nginx find of each site on disk: two files, and directories of its own. */
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import type { Desired, SiteDesired } from '../../domain/desired.ts';
import { isId, type SiteId } from '../../domain/id.ts';
import { type Layout, places } from '../../domain/layout.ts';
import type { Drift } from '../../domain/observed.ts';
import type { Owner } from '../files/atomic.ts';
import type { Tree } from '../files/tree.ts';
import { differing } from '../../domain/rows.ts';
import type { Rendered } from '../../render/container.ts';
import { fileOf, type RenderedVassal } from '../../render/vassal.ts';

/** The site's own system user; null when everything runs as one. */
export function ownerOf(layout: Layout, site: SiteDesired): Owner | null {
  if (layout.firstUid === null) return null;
  const id = layout.firstUid + site.number;
  return { uid: id, gid: id };
}

/**
 * Whether a site has files in a container. A deleted one has none, though it can be restored until it is purged: its
 * secrets would lie about, and what it needs is rendered again.
 */
export function hasFiles(desired: Desired, site: SiteId): boolean {
  const row = desired.sites.get(site);
  return row !== undefined && row.phase !== 'deleted';
}

/** A site's own directories in a container. Its store is none of them: it outlives the container. */
export function directoriesOf(layout: Layout, site: SiteId): string[] {
  return [places.workDir(layout, site), places.logDir(layout, site), places.vassalSocketDir(layout, site)];
}

export interface SiteFiles {
  /** Write what changed; the sites whose files could not be written, and why. */
  apply(desired: Desired, wanted: Rendered): ReadonlyMap<SiteId, string>;
  /** Remove the files of a site that is gone; should it come back, its directories are made again too. */
  forget(site: SiteId): void;
  /** Files of no site, removed. */
  strangers(desired: Desired): Drift[];
}

/** @param before sites whose directories were made by the last start, for the same layout: they are only looked for */
export function siteFiles(layout: Layout, tree: Tree, before: Iterable<SiteId> = []): SiteFiles {
  let applied: ReadonlyMap<SiteId, RenderedVassal> = new Map();
  const prepared = withDirectories(layout, before);

  function prepare(site: SiteId, owner: Owner | null): void {
    if (prepared.has(site)) return;
    const shared: Owner | null = owner && { uid: owner.uid, gid: layout.nginxUser?.gid ?? owner.gid };
    makeDirectory(places.workDir(layout, site), 0o700, owner);
    makeDirectory(places.logDir(layout, site), 0o750, owner);
    makeDirectory(places.vassalSocketDir(layout, site), 0o750, shared);
    // The store outlives the container: whoever made it, it is left as it is.
    if (!lstatSync(places.storeDir(layout, site), { throwIfNoEntry: false })) {
      makeDirectory(places.storeDir(layout, site), 0o750, shared);
    }
    prepared.add(site);
  }

  return {
    apply(desired, wanted) {
      const failed = new Map<SiteId, string>();
      for (const site of differing(applied, wanted.vassals)) {
        const [vassal, row] = [wanted.vassals.get(site), desired.sites.get(site)];
        if (!vassal || !row) continue;
        const owner = ownerOf(layout, row);
        try {
          prepare(site, owner);
          tree.ensure(places.siteFile(layout, site), fileOf(vassal, 'siteFile'), { mode: 0o600, owner });
          tree.ensure(places.envFile(layout, site), fileOf(vassal, 'envFile'), { mode: 0o600, owner });
        } catch (error) {
          failed.set(site, (error as Error).message);
        }
      }
      // A failed one is not applied: the next pass tries again.
      applied = failed.size === 0 ? wanted.vassals : new Map([...wanted.vassals].filter(([site]) => !failed.has(site)));
      return failed;
    },
    forget(site) {
      prepared.delete(site);
      tree.remove(places.siteFile(layout, site));
      tree.remove(places.envFile(layout, site));
    },
    strangers(desired) {
      const drift: Drift[] = [];
      for (const name of readdirSync(`${layout.root}/sites`)) {
        const path = `${layout.root}/sites/${name}`;
        const site = name.replace(/\.(json|env)$/, '');
        if (tree.has(path) || (isId('s', site) && hasFiles(desired, site))) continue;
        rmSync(path, { recursive: true, force: true });
        drift.push({ path, kind: 'extra' });
      }
      return drift;
    },
  };
}

function makeDirectory(path: string, mode: number, owner: Owner | null): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  if (owner) chownSync(path, owner.uid, owner.gid);
}

/** Those of the sites that have all their directories: four readings instead of 40,000 calls for 10,000 sites. */
function withDirectories(layout: Layout, sites: Iterable<SiteId>): Set<SiteId> {
  const any = '';
  const there = [...directoriesOf(layout, any), places.storeDir(layout, any)]
    .map((directory) => {
      try {
        return new Set(readdirSync(directory));
      } catch {
        return new Set<string>();
      }
    });
  return new Set([...sites].filter((site) => there.every((names) => names.has(site))));
}
