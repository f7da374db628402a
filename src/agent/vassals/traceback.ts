import { type Layout, places } from '../../domain/layout.ts';
import { lastTraceback } from '../../domain/traceback.ts';
import { lastLines, newestLog } from './log-tail.ts';
import type { Masking } from './masking.ts';

/** A log that nobody wrote to for so long says nothing of what is wrong now. */
const RECENT_MS = 10 * 60_000;
const LINES = 2_000;
const BYTES = 128 * 1024;

/** The last traceback in a site's log here, without the site's secrets; null where there is none, or none of late. */
export function tracebackOf(layout: Layout, masked: Masking, site: string): string | null {
  const log = newestLog(places.logDir(layout, site));
  if (!log || Date.now() - log.at > RECENT_MS) return null;
  const found = lastTraceback(lastLines(log, LINES, BYTES));
  return found === null ? null : masked(site, found);
}
