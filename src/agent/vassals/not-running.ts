/** Which vassals in service do not run as they should, from the emperor's word and the kernel's. */
import { readFileSync } from 'node:fs';
import { ageOf } from './age.ts';
import type { EmperorView, Seen } from './emperor.ts';

export interface NotRunning {
  readonly site: string;
  readonly digest: string;
  readonly why: string;
}

/**
 * @param before what the emperor said when this was last asked, by `<site>.<digest>`; brought up to date. One that was
 *   started again meanwhile is named once: it runs, but it was not left alone. (The emperor's own count of respawns
 *   starts again with the new one, so the process is compared.)
 */
export function notRunning(
  inService: readonly { site: string; digest: string }[], view: EmperorView, before: Map<string, Seen>, startWithinMs: number,
): NotRunning[] {
  const found: NotRunning[] = [];
  for (const { site, digest } of inService) {
    const name = `${site}.${digest}`;
    const seen = view.get(name);
    const was = before.get(name);
    if (seen) before.set(name, seen);
    const say = (why: string) => found.push({ site, digest, why });
    if (!seen) say('the emperor does not run it');
    else if (was && was.pid > 0 && (seen.deaths > was.deaths || (seen.pid !== was.pid && seen.pid !== -1))) say('it ended, and the emperor starts it again');
    else if (seen.pid === -1) continue;
    else if (seen.pid > 0 && hasEnded(seen.pid)) say('its process has ended');
    else if (!seen.accepting && (seen.deaths > 0 || ageOf(seen.startedAt, Date.now()) > startWithinMs)) say('it takes no requests');
  }
  for (const name of before.keys()) if (!view.has(name)) before.delete(name);
  return found;
}

/** The emperor looks after its children once a second or so; the kernel knows at once. */
export function hasEnded(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch (error) {
    // Where there is no /proc nothing is known of it.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform === 'linux';
  }
}
