/** The one platform, of the small project and without samples, which nothing of what is here harms. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Platform, startPlatform } from '../platform.ts';

const FIXTURE = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'fixtures/twelvefactor');

export let platform: Platform;

export async function start(): Promise<void> {
  platform = await startPlatform(['--codebase', FIXTURE, '--no-samples']);
}
