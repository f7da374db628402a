import { chmod, chown, lstat, mkdir, rename } from 'node:fs/promises';
import { ReeveError } from '../domain/errors.ts';
import { isId } from '../domain/id.ts';
import { removeTree } from '../process/remove-tree.ts';
import type { FileStore, StoreSite } from './store.ts';

export interface DirectoryPlace {
  readonly storesDir: string;
  /** A site's system user is this + its number; null when not root: every site's files then belong to one user. */
  readonly firstUid: number | null;
  /** nginx serves media from it; null when not root. */
  readonly nginxGid: number | null;
}

/**
 * The site's user writes, nginx's group reads, nobody else enters. With the set-group-id bit what the site makes has
 * nginx's group too, so that files stay readable to nginx whatever the site's umask does to others.
 */
const OPEN_MODE = 0o2750;
const LOCKED_MODE = 0o700;

/** A directory a site below one common directory, on a disk that all containers see. */
export function createDirectoryStore({ storesDir, firstUid, nginxGid }: DirectoryPlace): FileStore {
  const place = (site: StoreSite, prefix = '') => {
    if (!isId('s', site.id)) throw new RangeError(`${JSON.stringify(site.id)} is not the id of a site`);
    return `${storesDir}/${prefix}${site.id}`;
  };
  const lockedPlace = (site: StoreSite) => place(site, '.locked-');
  const open = async (directory: string, site: StoreSite) => {
    if (firstUid !== null) await chown(directory, firstUid + site.number, nginxGid ?? firstUid + site.number);
    // After chown, which clears the bit.
    await chmod(directory, OPEN_MODE);
  };
  const close = async (directory: string) => {
    if (firstUid !== null) await chown(directory, 0, 0);
    await chmod(directory, LOCKED_MODE);
  };
  const missing = (site: StoreSite) => new ReeveError('not-found', `site ${site.id} has no directory`, { subject: `site:${site.id}` });

  return {
    async create(site) {
      if (await exists(lockedPlace(site))) {
        throw new ReeveError('conflict', `site ${site.id} has a locked directory: restore or purge it`, { subject: `site:${site.id}` });
      }
      if ((await mkdir(storesDir, { recursive: true })) !== undefined) await chmod(storesDir, 0o711);
      await mkdir(place(site), { mode: LOCKED_MODE }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      await open(place(site), site);
    },

    async lock(site) {
      if (await exists(place(site))) await rename(place(site), lockedPlace(site));
      else if (!(await exists(lockedPlace(site)))) throw missing(site);
      // Its name alone would not stop a process of the site's user that is still there.
      await close(lockedPlace(site));
    },

    async unlock(site) {
      if (!(await exists(place(site)))) {
        if (!(await exists(lockedPlace(site)))) throw missing(site);
        await rename(lockedPlace(site), place(site));
      }
      await open(place(site), site);
    },

    // The site's system user is let in, whatever the version of its secrets.
    async letIn() {},
    async shutOut() {},

    async drop(site) {
      const aside = place(site, '.dropped-');
      await removeTree(aside);
      for (const from of [place(site), lockedPlace(site)]) {
        if (!(await exists(from))) continue;
        // Aside and closed first: what is being removed is never served, and never half there.
        await rename(from, aside);
        await close(aside);
        await removeTree(aside);
      }
    },

    describe: (site, mediaUrl) => ({ kind: 'directory', root: place(site), mediaUrl }),
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
