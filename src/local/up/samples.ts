import { existsSync, renameSync, writeFileSync } from 'node:fs';
import type { Client } from '../../api/client.ts';
import type { Site } from '../../domain/resources/site.ts';
import type { Report } from '../setup/installed.ts';
import { bringRelease } from './first-release.ts';
import { watchRun } from './watch.ts';

export const SAMPLES: readonly string[] = ['alpha', 'beta'];

/**
 * What a new platform gets: a release of the codebase, and the sample sites, all through the API like anyone's. A start
 * that was cut short goes on where it was: runs that are open are joined, samples that are missing are made, until all of
 * it is there once and `mark` says so. From then on the sites are the person's: one that they delete stays away.
 *
 * @param mark a file; of an older platform that has none, any other site says that people were there already
 * @returns what a person should know, as lines
 */
export async function bringFirstSites(
  api: Client, options: { codebase: string | undefined; example: string; samples: boolean; mark: string }, report: Report, stopping: AbortSignal,
): Promise<string[]> {
  const notes = await bringRelease(api, { named: options.codebase, example: options.example }, report, stopping);
  if (existsSync(options.mark)) return notes;
  const { items } = await api.request<{ items: Site[] }>('GET', '/sites', { query: { limit: 100 } });
  if (options.samples && items.every(({ name }) => SAMPLES.includes(name))) {
    const wanted: { name: string; run: string | undefined }[] = [];
    for (const name of SAMPLES) {
      const site = items.find((one) => one.name === name) ?? (await api.request<Site>('POST', '/sites', { body: { name } }));
      wanted.push({ name, run: site.status === 'creating' ? site.run?.id : undefined });
    }
    for (const { name, run } of wanted) if (run) await watchRun(api, run, 'Site', name, report, stopping);
  }
  writeFileSync(`${options.mark}.new`, `${JSON.stringify({ endedAt: new Date().toISOString() })}\n`);
  renameSync(`${options.mark}.new`, options.mark);
  return notes;
}
