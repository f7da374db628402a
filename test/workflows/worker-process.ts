/**
 * A control worker as a process of its own, for tests that kill it. Told by its environment what to connect to; with
 * REEVE_TEST_KILL_AT=<activity> it kills itself, as nothing can be cleaned up after, when that activity has done half of
 * its work: before it (odd attempts) or after it (even ones). With REEVE_TEST_PARTS (a configuration, as JSON) the parts
 * of sites are real, and it is killed in the middle: when a database is copied and not given its name yet, and else when
 * the step has done its work and said nothing.
 */
import { activityInfo } from '@temporalio/activity';
import { partsActivities, type PlatformActivities, stateActivities } from '../../activities/platform/index.ts';
import type { ClusterDriver } from '../../src/cluster/driver.ts';
import type { PythonTools } from '../../src/codebase/index.ts';
import type { Config } from '../../src/config.ts';
import { listenObserved } from '../../src/control/observed.ts';
import { startControl } from '../../src/control/start.ts';
import { createPool } from '../../src/database/pool.ts';
import { createClient } from '../../src/temporal/client.ts';
import { openSites, type SitesParts, type SystemUsers } from '../../src/sites/open.ts';
import type { SitesServer } from '../../src/sites/server.ts';
import { sitesKey } from '../sites/server.ts';
import { ledgerActivities } from './ledger.ts';
import { quiet } from './platform.ts';

const { REEVE_TEST_DATABASE: url, REEVE_TEST_NAMESPACE: namespace, REEVE_TEST_TEMPORAL_ADDRESS: address, REEVE_TEST_KILL_AT: killAt } = process.env;
const config = { TEMPORAL_ADDRESS: address!, TEMPORAL_NAMESPACE: namespace! };
const pool = createPool(url!, { name: 'test worker' });
const observed = listenObserved(url!, () => {});
const kill = () => process.kill(process.pid, 'SIGKILL');
let dying = false;

function realParts(given: Pick<Config, 'REEVE_SITES_DATABASE_URL' | 'REEVE_SITES_SERVER' | 'REEVE_RELEASES_DIR' | 'REEVE_STORES_DIR'>, users: SystemUsers) {
  const opened = openSites(given as Config, users, sitesKey);
  const mortal = (server: SitesServer): SitesServer => ({
    ...server,
    alone: (subject, work) => server.alone(subject, (own) => work(mortal(own))),
    inside: async (database, work) => {
      if (dying) kill();
      return await server.inside(database, work);
    },
  });
  const parts: SitesParts = { ...opened, sitesAdmin: mortal(opened.sitesAdmin) };
  return {
    ...stateActivities({ pool, observed, releasesDir: parts.releasesDir }),
    // No run here makes a release, or is about containers.
    ...partsActivities({ pool, url: url!, parts, installTools: null as unknown as PythonTools, driver: null as unknown as ClusterDriver }),
  };
}

const { REEVE_TEST_PARTS: given } = process.env;
const { config: partsConfig, users } = given ? JSON.parse(given) : {};
const activities = given ? realParts(partsConfig, users)
  : { ...stateActivities({ pool, observed, releasesDir: '/nowhere' }), ...ledgerActivities(pool) };

function killing(name: string, work: (...args: unknown[]) => Promise<unknown>) {
  return async (...args: unknown[]) => {
    if (name !== killAt) return await work(...args);
    if (given) dying = true;
    else if (activityInfo().attempt % 2 === 1) kill();
    await work(...args);
    kill();
    return await new Promise(() => {});
  };
}

const control = startControl({
  config, pool, url: url!, client: createClient(config), log: quiet,
  pace: { reaper: { everyMs: 500, quietMs: 2_000 } },
  activities: Object.fromEntries(Object.entries(activities).map(([name, work]) =>
    [name, killing(name, work as (...args: unknown[]) => Promise<unknown>)])) as unknown as PlatformActivities,
});
control.done.catch((error) => {
  console.error(String(error));
  process.exit(1);
});
process.on('SIGTERM', () => void control.shutdown().then(() => process.exit(0)));
