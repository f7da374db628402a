import { watch } from 'node:fs';
import { readRegular } from '../files/untrusted.ts';

/** The end of a log is enough: what is older is in its rotated files. And of what comes at once, as much. */
const BYTES = 512 * 1024;

export interface LogFile {
  readonly path: string;
  /** Whose it must be, where its directory is a site's. */
  readonly uid?: number;
}

/** The last lines of a file (512 KiB at most), whole ones; its size, from which on `followFile` goes on. */
export async function readTail(file: LogFile, onLine: (line: string) => void): Promise<number> {
  const read = await readRegular(file, (size) => Math.max(0, size - BYTES));
  if (!read) return 0;
  const lines = read.text.split('\n');
  if (read.start > 0) lines.shift();
  if (lines.at(-1) === '') lines.pop();
  for (const line of lines) onLine(line);
  return read.size;
}

/**
 * What is appended from `offset` on, until `signal` aborts; a file that was rotated is begun anew. Of more than 512 KiB at
 * once the last whole lines. While there is no file that may be read, nothing comes.
 * @param onLine takes the next line when it is done with this one
 */
export function followFile(file: LogFile, offset: number, onLine: (line: string) => Promise<void>, signal: AbortSignal): void {
  let at = offset;
  let rest = '';
  /** Whether `rest` begins somewhere in a line, since what is before it was left out. */
  let cut = false;
  let reading = false;
  async function look(): Promise<void> {
    if (reading || signal.aborted) return;
    reading = true;
    try {
      let from = at;
      const read = await readRegular(file, (size) => {
        from = size < at ? 0 : at;
        return Math.max(from, size - BYTES);
      });
      if (!read) return;
      if (read.start !== at) {
        rest = '';
        cut = read.start > from;
      }
      at = read.size;
      const lines = (rest + read.text).split('\n');
      if (cut && lines.length > 1) {
        lines.shift();
        cut = false;
      }
      rest = lines.pop()!.slice(-BYTES);
      for (const line of lines) if (!signal.aborted) await onLine(line);
    } catch { /* a disk that fails now is read again at the next look */ } finally {
      reading = false;
    }
  }
  // inotify tells of a change at once where it works; the timer is for where it does not, and for rotation.
  const timer = setInterval(() => void look(), 500);
  const close = watching(file.path, () => void look());
  signal.addEventListener('abort', () => { clearInterval(timer); close(); }, { once: true });
}

function watching(path: string, onChange: () => void): () => void {
  try {
    const watcher = watch(path, onChange).on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
