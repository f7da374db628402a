import { closeSync, lstatSync, readdirSync, readSync } from 'node:fs';
import { openRegular } from '../files/untrusted.ts';

const BYTES = 8 * 1024;

/** A log in a directory that a site's code may write to. */
export interface SiteLog {
  readonly path: string;
  /** The directory's owner; it is read only while it is that user's. */
  readonly uid: number;
  /** Written to last, ms. */
  readonly at: number;
}

/** The last lines of a file, at most `lines` and `bytes`; empty when it cannot be read. */
export function lastLines(file: { readonly path: string; readonly uid?: number }, lines: number, bytes = BYTES): string {
  const opened = openRegular(file.path, file.uid);
  if (!opened) return '';
  const { fd, size } = opened;
  try {
    const buffer = Buffer.alloc(Math.min(bytes, size));
    // Fewer where it was cut meanwhile.
    const read = readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, read).trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    closeSync(fd);
  }
}

/** The newest log in a site's directory; null when there is none. */
export function newestLog(directory: string): SiteLog | null {
  try {
    const { uid } = lstatSync(directory);
    const [newest] = readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .map((name) => ({ path: `${directory}/${name}`, stat: lstatSync(`${directory}/${name}`) }))
      .filter(({ stat }) => stat.isFile() && stat.uid === uid)
      .sort((a, b) => b.stat.mtimeMs - a.stat.mtimeMs);
    return newest ? { path: newest.path, uid, at: newest.stat.mtimeMs } : null;
  } catch {
    return null;
  }
}
