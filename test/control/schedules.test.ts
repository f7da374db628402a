/** The schedules on a real Temporal server, as the settings say, without waiting for the next look. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSchedules } from '../../src/control/schedules.ts';
import { updateSettings } from '../../src/database/requests/update-settings.ts';
import { ACTOR, quiet, testPlatform, type TestPlatform, until } from '../workflows/platform.ts';

let platform: TestPlatform;
before(async () => { platform = await testPlatform(); });
after(() => platform?.close());

test('settings that change are followed at once, and what an operator has paused stays paused', async () => {
  const { client, pool, url } = platform;
  const described = async (type: string) => await client.schedule.getHandle(type).describe();
  const every = async (type: string) => (await described(type).catch(() => null))?.spec.intervals?.[0]?.every;
  const said: string[] = [];
  // A look by time would come in an hour.
  const schedules = startSchedules({ client, pool, url, log: { ...quiet, info: (what) => void said.push(what) }, everyMs: 3_600_000 });
  try {
    await until('the schedules', async () => (await every('checkHealth')) === 30_000 && (await every('checkIntegrity')) === 60_000);
    await until('someone to listen', async () =>
      // Other tests' platforms are in other databases of the same server.
      (await pool.query(`select 1 from pg_stat_activity where datname = current_database() and application_name = 'reeve control schedules' and query like 'listen%'`)).rowCount === 1);
    // An update that is under way keeps the state that it has read: a pause in that moment is not kept.
    await until('the first look to be over', async () => said.includes('schedules'));
    await client.schedule.getHandle('checkHealth').pause('looking into it');
    await updateSettings({ db: pool, actor: ACTOR }, '*', { health: { intervalSeconds: 45 }, integrity: { intervalSeconds: 20 } });
    await until('the new intervals', async () => (await every('checkHealth')) === 45_000 && (await every('checkIntegrity')) === 20_000);
    assert.equal((await described('checkHealth')).state.paused, true);
    assert.equal((await described('checkIntegrity')).state.paused, false);
  } finally {
    await schedules.stop();
  }
});

test('a schedule that is gone from Temporal, or was changed there, is soon as it should be', async () => {
  const { client, pool, url } = platform;
  const described = async (type: string) => await client.schedule.getHandle(type).describe().catch(() => null);
  const schedules = startSchedules({ client, pool, url, log: quiet, everyMs: 100 });
  try {
    await until('the schedule', async () => (await described('scaleCluster')) !== null);
    await client.schedule.getHandle('scaleCluster').delete();
    await until('it to be back', async () => (await described('scaleCluster')) !== null);
    await client.schedule.getHandle('scaleCluster').update((was) => ({ ...was, spec: { intervals: [{ every: '1h' }] } }));
    await until('its interval to be back', async () => (await described('scaleCluster'))?.spec.intervals?.[0]?.every === 60_000);
  } finally {
    await schedules.stop();
  }
});
