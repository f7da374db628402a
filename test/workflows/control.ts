/** A control worker on a platform of its own, with faults to plan. */
import { stateActivities } from '../../activities/platform/index.ts';
import { createPool } from '../../src/database/pool.ts';
import { type Observed, listenObserved } from '../../src/control/observed.ts';
import { type Control, type ControlParts, startControl } from '../../src/control/start.ts';
import { type Faults, faults } from './faults.ts';
import { ledgerActivities } from './ledger.ts';
import { quiet, type TestPlatform, testPlatform } from './platform.ts';

export interface TestControl extends TestPlatform {
  readonly observed: Observed;
  readonly at: Faults;
  /** Start the control worker, where it is not. */
  start(): Control;
  /** All that a control worker is made of, to make another one. */
  readonly parts: ControlParts;
}

export async function testControl(options: { dnsServers?: readonly string[]; started?: boolean } = {}): Promise<TestControl> {
  const platform = await testPlatform();
  const pool = createPool(platform.appUrl, { name: 'test control', max: 16 });
  const observed = listenObserved(platform.appUrl, () => {});
  const at = faults(platform.client);
  const parts: ControlParts = {
    ...platform, pool, url: platform.appUrl, log: quiet, pace: { reaper: { everyMs: 500, quietMs: 2_000 } },
    activities: at.wrap({
      ...stateActivities({ ...platform, pool, observed, releasesDir: '/nowhere', dnsServers: options.dnsServers }),
      ...ledgerActivities(platform.pool),
    }),
  };
  let control: Control | undefined;
  const start = () => (control ??= startControl(parts));
  if (options.started !== false) start();
  return {
    ...platform, observed, at, start, parts,
    async close() {
      await control?.shutdown();
      await observed.close();
      await pool.end();
      await platform.close();
    },
  };
}
