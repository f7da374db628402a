import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SiteFile, SiteFileDatabase } from '../domain/site-file.ts';
import { removeTree } from '../process/remove-tree.ts';
import type { SystemUser } from './run.ts';

/**
 * Writes a site's file for the time that `use` runs: in a directory of its own, for the user's eyes only, since it
 * holds the database's password. The file goes with its directory, whatever happens.
 */
export async function withSiteFile<T>(
  site: SiteFile,
  user: SystemUser | undefined,
  use: (file: string) => Promise<T>,
): Promise<T> {
  return withDirectory(user, async (directory) => {
    const file = path.join(directory, 'site.json');
    await writeFile(file, JSON.stringify(site), { mode: 0o600 });
    if (user) await chown(file, user.uid, user.gid);
    return use(file);
  });
}

/** A private scratch directory that belongs to `user`, for the time that `use` runs. */
export async function withDirectory<T>(
  user: SystemUser | undefined,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), 'reeve-'));
  try {
    await chmod(directory, 0o700);
    if (user) await chown(directory, user.uid, user.gid);
    return await use(directory);
  } finally {
    await removeTree(directory);
  }
}

/**
 * A site that does not exist, to try a codebase with: keys of its own, a store below `directory`, and unless one is
 * given, a database that nobody can reach.
 */
export async function throwawaySite(
  directory: string,
  statics: { readonly url: string; readonly root: string },
  mediaUrl: string,
  options: { readonly database?: SiteFileDatabase; readonly user?: SystemUser } = {},
): Promise<SiteFile> {
  const own = async (name: string) => {
    const made = path.join(directory, name);
    await mkdir(made, { recursive: true });
    if (options.user) await chown(made, options.user.uid, options.user.gid);
    return made;
  };
  return {
    version: 1,
    site: { id: 's000000000', name: 'check' },
    primaryUrl: 'http://check.localhost',
    hostnames: [{ hostname: 'check.localhost', role: 'primary' }],
    database: options.database ?? NO_DATABASE,
    cache: { url: null, prefix: 's000000000' },
    store: { kind: 'directory', root: await own('store'), mediaUrl },
    secretKey: randomBytes(32).toString('hex'),
    secretKeyFallbacks: [],
    loginKey: randomBytes(32).toString('hex'),
    static: statics,
    work: await own('work'),
    env: {},
    debug: false,
  };
}

/** Port 9 of loopback refuses at once. Code that asks the database while it is imported could not start a site. */
const NO_DATABASE: SiteFileDatabase = {
  host: '127.0.0.1',
  port: 9,
  name: 'none',
  user: 'none',
  password: 'no-database',
};
