/** nginx's logs grow for as long as it runs; nginx itself rotates none of them. */
import { lstatSync, renameSync } from 'node:fs';

/** Kept beside the log that is written: `<log>.1` is the newer one. */
const KEPT = 2;

/**
 * Begin a new file for each log over `limitBytes`. Between the rename and nginx's reopening lines still go to the
 * renamed file: none is lost.
 * @param reopen tells nginx to open its logs anew (USR1); its master makes them, and gives them to its workers' user
 * @returns the logs that were rotated
 */
export function rotateLogs(logs: readonly string[], limitBytes: number, reopen: () => void): string[] {
  const grown = logs.filter((log) => (lstatSync(log, { throwIfNoEntry: false })?.size ?? 0) > limitBytes);
  for (const log of grown) {
    for (let n = KEPT - 1; n >= 1; n--) moved(`${log}.${n}`, `${log}.${n + 1}`);
    moved(log, `${log}.1`);
  }
  if (grown.length > 0) reopen();
  return grown;
}

function moved(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
