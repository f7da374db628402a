import { platformActivities } from '../../activities/platform/index.ts';
import { createLog, type Log, messageOf } from '../log.ts';
import { openCluster } from '../cluster/open.ts';
import type { PythonTools } from '../codebase/index.ts';
import { type Config, readMasterKey } from '../config.ts';
import { createPool } from '../database/pool.ts';
import { deriveAlertsKey, deriveSitesKey } from '../domain/secrets.ts';
import { applyConnectionLimits } from '../sites/limits.ts';
import { openSites } from '../sites/open.ts';
import { createClient } from '../temporal/client.ts';
import { startAlerts } from './alerts.ts';
import { startFormerSecrets } from './former-secrets.ts';
import { askingOf } from './judge/databases.ts';
import { tracebackAsker } from './judge/traceback.ts';
import { startLoop } from './loop.ts';
import { createControlMetrics, serveMetrics } from './metrics.ts';
import { listenObserved } from './observed.ts';
import { machinePython } from './python-tools.ts';
import { type Control, startControl } from './start.ts';

/**
 * The control worker, from the platform's configuration. It starts whatever is away, and survives that: Postgres and
 * Temporal are used as they come.
 * @param options.installTools  how virtual environments are made here; the machine's own Python unless given
 * @throws ReeveError `invalid` when the configuration is not right
 * @returns what stops it, and a promise that rejects (`internal`) when its workflows do not fit the open runs
 */
export async function runControl(
  config: Config, { installTools = machinePython(), log = createLog({ part: 'control' }) }: { installTools?: PythonTools; log?: Log } = {},
): Promise<Control> {
  const cluster = openCluster(config);
  const url = config.REEVE_DATABASE_URL;
  const pool = createPool(url, { name: 'reeve control', max: 16 });
  const client = createClient(config);
  const observed = listenObserved(url, (error) => log.warn('listener lost', { name: 'observed', error: error.message }));
  const masterKey = readMasterKey(config);
  const parts = openSites(config, cluster.users, deriveSitesKey(masterKey));
  const control = startControl({
    config, pool, url, client, log, askDatabases: askingOf(parts.sitesAdmin), askTraceback: tracebackAsker(pool, parts.sitesKey),
    activities: platformActivities({
      pool, url, observed, parts, installTools, releasesDir: config.REEVE_RELEASES_DIR, driver: cluster.driver,
    }),
  });
  const limits = startLoop({
    name: 'connection limits', everyMs: 15_000, log,
    async pass() {
      for (const site of await applyConnectionLimits(pool, parts.sitesAdmin, parts.sitesKey)) log.info('connection limit', { site });
    },
  });
  const former = startFormerSecrets({ pool, parts, log });
  // A port that is taken stops no work: whoever watches misses the figures, and says so.
  const metrics = config.REEVE_CONTROL_METRICS_PORT === undefined ? null
    : await serveMetrics(createControlMetrics(pool, parts.sitesAdmin), config.REEVE_CONTROL_METRICS_PORT, config.REEVE_CONTROL_METRICS_LISTEN).catch((error) => {
      log.error('metrics are not served', { port: config.REEVE_CONTROL_METRICS_PORT, error: messageOf(error) });
      return null;
    });
  const alerts = startAlerts({ pool, url, alertsKey: deriveAlertsKey(masterKey), log });
  return {
    done: control.done,
    async shutdown() {
      await Promise.all([limits.stop(), former.stop(), alerts.stop(), metrics?.close()]);
      await control.shutdown();
      await observed.close();
      await parts.sitesAdmin.close();
      await client.connection.close();
      await pool.end();
    },
  };
}
