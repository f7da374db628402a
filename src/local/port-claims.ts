import { lstatSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryLock } from './lock.ts';

const own = new Set<number>();

/**
 * Claim a port for this process, among all starts on this machine: two that begin together would both find the same ones
 * free, and one of them then speaks to the other's servers. A claim ends with its process.
 *
 * On Linux it is an abstract socket of that number: every user has the same ones, and nothing of it can be left behind. Elsewhere
 * it is a file, among the starts of this user alone.
 * @returns false while another process has it
 */
export async function claimPort(port: number): Promise<boolean> {
  if (own.has(port)) return true;
  if (!(process.platform === 'linux' ? await claimSocket(port) : claimFile(port))) return false;
  own.add(port);
  return true;
}

function claimSocket(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const claim = createServer((connection) => connection.destroy());
    // Where there are no such sockets, nothing is claimed.
    claim.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    claim.listen(`\0reeve-port-${port}`, () => resolve(true)).unref();
  });
}

function claimFile(port: number): boolean {
  const directory = claimsDirectory();
  if (directory === null) return true;
  try {
    const claim = tryLock(join(directory, String(port)));
    return claim.held || claim.by.pid === process.pid;
  } catch {
    // Where nothing can be written, nothing is claimed.
    return true;
  }
}

/** Null where none can be made that is this user's alone: then nothing is claimed, as on a machine with one start at a time. */
function claimsDirectory(): string | null {
  const uid = process.getuid?.() ?? 0;
  const directory = join(tmpdir(), `reeve-ports-${uid}`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const found = lstatSync(directory);
    return found.isDirectory() && found.uid === uid ? directory : null;
  } catch {
    return null;
  }
}
