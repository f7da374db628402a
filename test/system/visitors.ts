import { setTimeout as delay } from 'node:timers/promises';
import { type Page, type Platform, visit } from './platform.ts';

/**
 * Two requests of each in a second. One is 15 ms of processor time (a connection to Postgres of its own, for a half), so three visitors
 * without a pause are a whole machine.
 */
const PAUSE_MS = 500;

/** Null when it is the page that a visitor of the hostname wants; else what is wrong with it. */
export type Wrong = (page: Page, hostname: string) => string | null;

const notWell: Wrong = ({ status }) => (status === 200 ? null : String(status));

/**
 * Visitors of these hostnames at the edge, each on a connection of its own each time.
 * @returns what ends them, and tells how many requests there were and which got no page, or not the right one
 */
export function visitors(
  platform: Pick<Platform, 'access'>, hostnames: readonly string[], wrong = notWell,
): { stop(): Promise<{ count: number; failed: string[] }> } {
  let going = true;
  let count = 0;
  const failed: string[] = [];
  const done = Promise.all(hostnames.map(async (hostname) => {
    while (going) {
      const answer = await visit(platform, hostname).then((page) => wrong(page, hostname), (error: Error) => error.message);
      count += 1;
      if (answer !== null) failed.push(`${new Date().toISOString()} ${hostname}: ${answer}`);
      // Of a test that fails they go on until its process ends, and do not keep it.
      await delay(PAUSE_MS, undefined, { ref: false });
    }
  }));
  return {
    async stop() {
      going = false;
      await done;
      return { count, failed };
    },
  };
}
