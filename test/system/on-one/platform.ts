/** The one platform of a test file, of the small project and without samples: what is in this directory is done to it, one after another. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Platform, runOver, startPlatform } from '../platform.ts';
import { list } from '../situation.ts';

export const FIXTURE = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'fixtures/twelvefactor');

const ARGUMENTS = ['--codebase', FIXTURE, '--no-samples'];

export let platform: Platform;

export async function start(): Promise<void> {
  platform = await startPlatform(ARGUMENTS);
}

/** After it was stopped: with all that it had. */
export async function startAgain(): Promise<void> {
  platform = await startPlatform(ARGUMENTS, platform.home);
}

/** For the next part: no container that starts then has the sites of this one to start, and no list has them. */
export async function purgeSites(): Promise<void> {
  await Promise.all((await list<{ id: string }>(platform, '/sites')).map(async ({ id }) => {
    const deleted = await platform.api.request('DELETE', `/sites/${id}`, { ifMatch: '*' });
    await runOver(platform, deleted.run.id);
    const purged = await platform.api.request('POST', `/sites/${id}/purge`);
    await runOver(platform, purged.run.id);
  }));
}
