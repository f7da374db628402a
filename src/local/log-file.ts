import { mkdirSync, openSync, readSync, closeSync, fstatSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const ROTATE_BYTES = 10 * 1024 * 1024;

/** Opens a log for appending and returns its descriptor; one of more than 10 MB becomes `<file>.1` first. */
export function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats && stats.size > ROTATE_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

/** The last lines of a log, from its last 16 kB; empty where there is none. */
export function tailOfLog(file: string, lines = 20): string {
  if (!statSync(file, { throwIfNoEntry: false })) return '';
  const descriptor = openSync(file, 'r');
  try {
    const size = fstatSync(descriptor).size;
    const buffer = Buffer.alloc(Math.min(size, 16 * 1024));
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    closeSync(descriptor);
  }
}
