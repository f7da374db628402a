import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { alone } from './lock.ts';
import { readRelease, removeRelease } from './release.ts';

/** Removes a release, or what is left of one, and its virtual environment unless another release uses it. */
export async function discardRelease(releasesDir: string, releaseId: string, venv?: string): Promise<void> {
  const name = venv ?? (await readRelease(releasesDir, releaseId))?.manifest.venv;
  await removeRelease(releasesDir, releaseId);
  if (name) await removeUnusedVenv(releasesDir, name, releaseId);
}

/**
 * A release that is being made takes its own lock before it takes the environment's: while we hold the environment's,
 * either we see that release here, or it will find the environment gone and make it anew.
 */
async function removeUnusedVenv(releasesDir: string, name: string, releaseId: string): Promise<void> {
  const directory = path.join(releasesDir, name);
  await alone(`${directory}.making`, undefined, async () => {
    for (const entry of await readdir(releasesDir)) {
      if (entry.endsWith(MAKING) && entry !== `${releaseId}${MAKING}`) return;
      if (!entry.startsWith('r') || entry.includes('.')) continue;
      if ((await readRelease(releasesDir, entry))?.manifest.venv === name) return;
    }
    await rm(directory, { recursive: true, force: true });
  });
}

const MAKING = '.making';

/** The lock of whoever makes or tries a release. */
export function makingLock(releasesDir: string, releaseId: string): string {
  return path.join(releasesDir, `${releaseId}${MAKING}`);
}
