/** Containers and workers that vanish, or come back late, one after another on one platform with two sites. */
import { after, before } from 'node:test';
import { platform, start } from './on-one/platform.ts';
import './on-one/late.ts';
import './on-one/replacement.ts';
import { createSite } from './platform.ts';

before(async () => {
  await start();
  for (const name of ['one', 'two']) await createSite(platform, name);
}, { timeout: 10 * 60_000 });
after(() => platform?.remove());
