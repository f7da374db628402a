/** A disk of a few megabytes, to be filled. Mounting needs root. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why a test that mounts is skipped; false where it need not be. */
export const NO_MOUNT: string | false = canMount() ? false : 'this user may not mount a file system';

/** An empty disk at this place, which is there already. @returns what takes it away, whoever still uses it */
export function mountSmallDisk(place: string, megabytes = 8): () => void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', place]);
  return () => void execFileSync('umount', ['--lazy', '--all-targets', place]);
}

/** To its last block. @returns what makes room again */
export function fillDisk(place: string): () => void {
  const filler = join(place, 'filler');
  const { bavail, bsize } = statfsSync(place);
  writeFileSync(filler, Buffer.alloc(bavail * bsize - bsize));
  try {
    for (let i = 0; i < 64; i++) writeFileSync(filler, Buffer.alloc(bsize), { flag: 'a' });
  } catch { /* full */ }
  return () => rmSync(filler);
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const place = join(tmpdir(), `reeve-mount-${process.pid}`);
  mkdirSync(place);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place], { stdio: 'ignore' });
    execFileSync('umount', [place]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(place, { recursive: true });
  }
}
