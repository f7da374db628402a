import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess } from './leftovers.ts';
import { identify } from '../process/identity.ts';

/**
 * Makes sure that no server holds a data directory. One that still runs there is stopped; a postmaster.pid whose
 * number another program has by now is removed, since Postgres would believe it.
 */
export async function freeDataDirectory(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const pid = readPid(file);
  if (pid === null) return;
  const identity = identify(pid);
  if (identity && commandLineOf(pid).includes(dataDir)) {
    await endProcess({ ...identity, stopSignal: 'SIGINT', grace: 20_000 });
  } else {
    rmSync(file, { force: true });
  }
}

function readPid(file: string): number | null {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function commandLineOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return ''; // it ended meanwhile
  }
}
