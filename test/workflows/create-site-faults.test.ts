/** Fault 17: whatever fails at whichever step of creating a site, there is one whole site afterwards, or nothing of it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type TestControl, testControl } from './control.ts';
import { KINDS, type Kind } from './faults.ts';
import { ended, leftovers, requestSite, until } from './platform.ts';

const BEFORE_PUBLISHING = ['createRole', 'createDatabase', 'createStore', 'runCreatedHook'];
const ACTIVITIES = ['claim', ...BEFORE_PUBLISHING, 'publishSite', 'converge', 'planProbe', 'reportProbe', 'activate', 'finishRun'];

let platform: TestControl;
before(async () => { platform = await testControl(); });
after(async () => { await platform?.close(); });

async function isWhole(site: string): Promise<boolean> {
  const left = await leftovers(platform.pool, site);
  return JSON.stringify(left) === JSON.stringify([
    `hostname ${site}.localhost`, 'made database', 'made role', 'made store', 'site live',
  ]);
}

/** What a run's state and what is there must be, for a fault at an activity. */
function expected(activity: string, kind: Kind): { states: string[]; whole: boolean } {
  const early = BEFORE_PUBLISHING.includes(activity);
  switch (kind) {
    case 'repeats':
      return { states: ['completed'], whole: true };
    case 'is cancelled':
      if (activity === 'claim' || early) return { states: ['compensated'], whole: false };
      return { states: ['completed'], whole: true };
    case 'fails before':
      if (activity === 'claim') return { states: ['failed'], whole: false };
      if (early || activity === 'publishSite') return { states: ['compensated'], whole: false };
      return { states: ['failed'], whole: true };
    case 'fails after':
      if (activity === 'claim') return { states: ['failed'], whole: false };
      if (early) return { states: ['compensated'], whole: false };
      return { states: activity === 'finishRun' ? ['completed'] : ['failed'], whole: true };
    default:
      throw new Error('not planned here');
  }
}

test('fault 17: each step of creating a site', { concurrency: 8 }, async (t) => {
  await Promise.all(ACTIVITIES.flatMap((activity) => KINDS.map((kind) => t.test(`${activity} ${kind}`, async () => {
    const { pool, at } = platform;
    const { site, run } = await requestSite(pool, (run) => at.plan(run, activity, kind));
    const row = await ended(pool, run, 120_000);
    const { states, whole } = expected(activity, kind);
    assert.ok(at.happened(run) > 0, 'the fault came to pass');
    assert.ok(states.includes(row.state), `${row.state}: ${JSON.stringify(row.error)}`);
    // What a run that was cut off leaves half made is found and purged.
    await until(whole ? 'a whole site' : 'nothing left', async () =>
      whole ? await isWhole(site) : (await leftovers(pool, site)).length === 0, 20_000).catch(async (error) => {
      const steps = await pool.query('select name, state, attempt, message from run_step where run = $1 order by started_at', [run]);
      throw new Error(`${error.message}: ${JSON.stringify({ left: await leftovers(pool, site), row, steps: steps.rows })}`);
    });
    const { rows } = await pool.query('select * from run_lock where run = $1', [run]);
    assert.deepEqual(rows, [], 'no lock is left');
  }))));
});
