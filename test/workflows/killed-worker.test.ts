/** Fault 17, the worker's part: killed at each step, a worker that comes after it finishes one whole site. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exitOf, startKillable } from './killable.ts';
import { ended, leftovers, requestSite, type TestPlatform, testPlatform } from './platform.ts';

// At those that make a site's parts it is killed with the real ones (real-parts.test.ts).
const ACTIVITIES = ['claim', 'runCreatedHook', 'publishSite', 'converge', 'planProbe', 'reportProbe', 'activate', 'finishRun'];

let platform: TestPlatform;
before(async () => { platform = await testPlatform(); });
after(async () => { await platform?.close(); });

test('fault 17: a worker is killed at each step around the making of a site, and others after it', async () => {
  const sites: { site: string; run: string }[] = [];
  // Each worker also finds what those before it left, so some runs lose their worker several times.
  for (const activity of ACTIVITIES) {
    sites.push(await requestSite(platform.pool));
    assert.equal(await exitOf(startKillable(platform, activity)), 'SIGKILL', `killed at ${activity}`);
  }
  const last = startKillable(platform, 'none');
  try {
    for (const { site, run } of sites) {
      const row = await ended(platform.pool, run, 180_000);
      assert.equal(row.state, 'completed', JSON.stringify(row.error));
      assert.deepEqual(await leftovers(platform.pool, site), [`hostname ${site}.localhost`, 'made database', 'made role', 'made store', 'site live']);
    }
    const { rows } = await platform.pool.query(`select metadata ->> 'site' as site, count(*) from event where type = 'site.published' group by 1 having count(*) <> 1`);
    assert.deepEqual(rows, [], 'each was published once');
  } finally {
    last.kill('SIGTERM');
    await exitOf(last);
  }
});
