/**
 * Files in directories that a site's own code may write to. Whatever lies there may be a link to one of ours, a FIFO that
 * nobody writes to, or somebody else's, and may be another thing between two looks: so it is opened first, never
 * followed, never waited for, and looked at through its descriptor.
 */
import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs';

export interface OpenFile {
  /** To be closed. */
  readonly fd: number;
  readonly size: number;
}

/**
 * @param uid whose file it must be (a hard link to another one's is none); anyone's unless given
 * @returns null where there is no regular file that may be read
 */
export function openRegular(path: string, uid?: number): OpenFile | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  const stat = fstatSync(fd);
  if (stat.isFile() && (uid === undefined || stat.uid === uid)) return { fd, size: stat.size };
  closeSync(fd);
  return null;
}

/**
 * The end of such a file, as it is now.
 * @param from where to begin, by its size in bytes
 */
export async function readRegular(
  file: { readonly path: string; readonly uid?: number | undefined }, from: (size: number) => number,
): Promise<{ readonly start: number; readonly size: number; readonly text: string } | null> {
  const opened = openRegular(file.path, file.uid);
  if (!opened) return null;
  const { fd, size } = opened;
  const start = from(size);
  if (start >= size) {
    closeSync(fd);
    return { start, size, text: '' };
  }
  let text = '';
  for await (const chunk of createReadStream('', { fd, start, end: size - 1, encoding: 'utf8' })) text += chunk;
  return { start, size, text };
}
