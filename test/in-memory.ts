/**
 * Where tests write: in memory, where a machine has room for it. What they make lives for seconds, and on a slow disk each
 * file that is made costs a millisecond: a database, of 300 files, 0.3 s there and 30 ms in memory.
 */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const GIB = 2 ** 30;
/** A whole run wrote 2 GiB at most. */
const ROOM = 6 * GIB;
/** What its processes take beside that, with room for what else runs: 8 GiB were in use. */
const FREE = 14 * GIB;

const PREFIX = 'rt-';
/** What a run that was killed left is not in use so long afterwards. */
const DAY_MS = 24 * 3_600_000;

/** A machine, as far as it matters here. Bytes; `mounts` as in /proc/self/mounts. */
export interface Machine {
  readonly room: number;
  readonly free: number;
  readonly mounts: string;
}

/** Whether files of tests may lie in memory: programs among them have to run there, which containers mostly forbid. */
export function hasRoom({ room, free, mounts }: Machine): boolean {
  const [, , type, options] = mounts.split('\n').map((line) => line.split(' ')).findLast(([, path]) => path === MEMORY) ?? [];
  return type === 'tmpfs' && !options!.split(',').includes('noexec') && room >= ROOM && free >= FREE;
}

/** What a test left running may still write there: that is said, and fails nothing. */
export function removeDirectory(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  } catch (error) {
    console.error(`not all of ${directory} could be removed: ${(error as Error).message}`);
  }
}

/** A directory in memory for everything that tests write; null: the usual one is to be used. Whoever made it removes it. */
export function directoryInMemory(): string | null {
  // Whoever says where temporary files go has a reason.
  if (process.env.TMPDIR) return null;
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    if (!hasRoom({ room: bavail * bsize, free: process.availableMemory(), mounts: readFileSync('/proc/self/mounts', 'utf8') })) return null;
    for (const name of readdirSync(MEMORY).filter((each) => each.startsWith(PREFIX))) {
      const stat = statSync(join(MEMORY, name), { throwIfNoEntry: false });
      // Another user's is not ours to remove.
      if (stat?.uid === process.getuid?.() && Date.now() - stat!.mtimeMs > DAY_MS) removeDirectory(join(MEMORY, name));
    }
    // A short name: paths of sockets have 103 bytes.
    const directory = mkdtempSync(join(MEMORY, PREFIX));
    // As of any temporary directory: servers and sites run as users of their own.
    chmodSync(directory, 0o1777);
    return directory;
  } catch {
    return null;
  }
}
