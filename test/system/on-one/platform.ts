/** The one platform of a test file, of the small project and without samples: what is in this directory is done to it, one after another. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Platform, startPlatform } from '../platform.ts';

const FIXTURE = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'fixtures/twelvefactor');

export let platform: Platform;

export async function start(): Promise<void> {
  platform = await startPlatform(['--codebase', FIXTURE, '--no-samples']);
}
