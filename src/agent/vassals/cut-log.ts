/** The emperor's log and the supervisor's grow for as long as these run, and are reopened at no signal. */
import { copyFileSync, lstatSync, truncateSync } from 'node:fs';

/**
 * Keep a log over `limitBytes` as `<log>.1`, and begin it anew in place: whoever writes it has it open for appending.
 * What is written between the copy and the cut is lost; both write a few lines a reload.
 * @returns whether it was cut
 */
export function cutLog(log: string, limitBytes: number): boolean {
  if ((lstatSync(log, { throwIfNoEntry: false })?.size ?? 0) <= limitBytes) return false;
  copyFileSync(log, `${log}.1`);
  truncateSync(log);
  return true;
}
