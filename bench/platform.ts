/** What a person waits for on a whole platform: another `npm start`, and a new Wagtail site in two containers. */
import { setTimeout as delay } from 'node:timers/promises';
import { inEachContainer, type Platform, startPlatform, visit } from '../test/system/platform.ts';
import { type Measured, measured, print } from './table.ts';

const RUNS = 7;

export async function run(): Promise<{ name: string; measured: Measured[] }> {
  let platform = await startPlatform();
  try {
    const sites: number[] = [];
    const runs: number[] = [];
    for (let n = 0; n < RUNS; n += 1) {
      const name = `bench${n}`;
      const begun = performance.now();
      const { run: asked } = await platform.api.request('POST', '/sites', { body: { name } });
      await everyContainer(platform, name);
      sites.push(performance.now() - begun);
      while (!(await isOver(platform, asked.id))) await delay(10);
      runs.push(performance.now() - begun);
    }
    const starts: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { home } = platform;
      await platform.stop();
      const begun = performance.now();
      const starting = startPlatform([], home);
      platform = await starting;
      await everyContainer(platform, 'alpha');
      starts.push(performance.now() - begun);
    }
    const rows = [
      measured('POST /sites → its page in 2 containers and at the edge', sites),
      measured('POST /sites → its run has ended', runs),
      measured(`npm start again, with ${RUNS + 2} sites → alpha answers everywhere`, starts),
    ];
    print('a whole platform, tenant/example', rows);
    return { name: 'platform', measured: rows };
  } finally {
    await platform.remove();
  }
}

async function everyContainer(platform: Platform, name: string): Promise<void> {
  const hostname = `${name}.localhost`;
  for (;;) {
    const pages = await inEachContainer(platform, hostname).catch(() => null);
    if (pages?.size === 2 && [...pages.values()].every((page) => page.status === 200)
      && (await visit(platform, hostname)).status === 200) return;
    await delay(10);
  }
}

async function isOver(platform: Platform, run: string): Promise<boolean> {
  const { state } = await platform.api.request('GET', `/runs/${run}`);
  if (['failed', 'cancelled', 'compensated', 'superseded'].includes(state)) throw new Error(`run ${run} is ${state}`);
  return state === 'completed';
}

if (import.meta.main) await run();
