/** What the start of an agent took and needs no longer is given back once all is served. */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * One whole collection, which also returns the pages: V8 keeps what the start filled, and a process that allocates
 * little afterwards does not come to it for hours (20 MB of 217 at 10,000 sites; it takes 0.1 s, once). What was
 * compiled is written down too: an agent is mostly ended by a signal that leaves no time for it, and the next one
 * starts with 0.3 s less of processor time, and without the 20 MB of what strips types.
 */
export function giveBack(): void {
  flushCompileCache();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
