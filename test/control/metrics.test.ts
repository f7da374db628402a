/** What the control worker and the API show to Prometheus, of real rows and servers. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startLoop } from '../../src/control/loop.ts';
import { createControlMetrics, type MetricsListener, serveMetrics } from '../../src/control/metrics.ts';
import { joinContainer, observeContainer } from '../../src/database/container.ts';
import { createLog } from '../../src/log.ts';
import { openSitesServer, type SitesServer } from '../../src/sites/server.ts';
import { liveSite, startApi, type TestApi } from '../api/harness.ts';
import { until } from '../local/wait.ts';
import { type OwnServer, startOwnServer } from '../postgres.ts';

let server: OwnServer;
let api: TestApi;
let sites: SitesServer;
let listener: MetricsListener;
before(async () => {
  server = await startOwnServer();
  api = await startApi({ server: server.url });
  sites = openSitesServer(server.url, 'local');
  listener = await serveMetrics(createControlMetrics(api.database.pool, sites), 0);
});
after(async () => {
  await listener?.close();
  await sites?.close();
  await api?.close();
  await server?.stop();
});

const control = async () => (await fetch(listener.url)).text();

test('runs, incidents, deliveries, loops and connections are counted by bounded labels', async () => {
  const site = await liveSite(api, 'watched');
  await api.send('POST', `/sites/${site}/suspend`);
  const { pool } = api.database;
  await pool.query(`insert into incident (subject, cause, severity, title, state) values ('platform', 'a', 'critical', 't', 'open'), ('platform', 'b', 'critical', 't', 'closed')`);
  await pool.query(`insert into delivery (channel, channel_name, kind, message, at) values ('n000000000', 'x', 'test', '{}', now() - interval '10 minutes')`);
  let passes = 0;
  const loop = startLoop({ name: 'broken', everyMs: 5, log: createLog({}, () => {}), pass: async () => { passes += 1; throw new Error('no'); } });
  await until('failures', () => passes > 2);
  await loop.stop();
  const text = await control();
  assert.match(text, /^reeve_runs\{type="suspendSite",state="requested"\} 1$/m);
  assert.match(text, /^reeve_runs\{type="createSite",state="completed"\} 1$/m);
  assert.match(text, /^reeve_run_oldest_requested_seconds [\d.]+$/m);
  assert.match(text, /^reeve_incidents_open\{severity="critical",state="open"\} 1$/m);
  assert.match(text, /^reeve_incidents_open\{severity="info",state="acknowledged"\} 0$/m);
  assert.match(text, /^reeve_alert_deliveries\{state="pending"\} 1$/m);
  assert.match(text, /^reeve_alert_oldest_pending_seconds 6\d\d/m);
  assert.match(text, /^reeve_loop_failures_total\{loop="broken"\} \d+$/m);
  assert.match(text, /^reeve_sites_server_connections\{server="local"\} [1-9]\d*$/m);
  assert.match(text, /^reeve_sites_server_connections_max\{server="local"\} 300$/m);
  assert.doesNotMatch(text, new RegExp(`${site}|watched`));
  assert.equal((await fetch(listener.url.replace('/metrics', '/'))).status, 404);
});

test('containers show how far behind they are', async () => {
  const { body: { id } } = await api.send('POST', '/containers', { body: {} });
  const { pool } = api.database;
  const incarnation = await joinContainer(pool, id, 0, { address: '127.0.0.1', port: 9001, agentUrl: 'http://127.0.0.1:9', layout: null });
  const { rows: [platform] } = await pool.query('select epoch, generation from platform');
  await observeContainer(pool, id, incarnation, { state: 'ready', ...platform, vassals: { awake: 3, asleep: 4, starting: 0, failing: 1 } });
  await api.send('POST', '/sites', { body: { name: 'later' } });
  const { body } = await api.send('GET', '/metrics');
  assert.match(body, /^reeve_containers\{role="site",state="ready"\} 1$/m);
  assert.match(body, new RegExp(`^reeve_container_ready\\{container="${id}"\\} 1$`, 'm'));
  assert.match(body, new RegExp(`^reeve_container_lag_generations\\{container="${id}"\\} 1$`, 'm'));
  assert.match(body, new RegExp(`^reeve_container_lag_seconds\\{container="${id}"\\} \\d*\\.\\d+$`, 'm'));
  assert.match(body, new RegExp(`^reeve_container_vassals\\{container="${id}",state="asleep"\\} 4$`, 'm'));
  assert.match(body, new RegExp(`^reeve_container_quarantined_sites\\{container="${id}"\\} 0$`, 'm'));
  await pool.query(`update container set lease_expires_at = now() - interval '1 minute' where id = $1`, [id]);
  assert.match((await api.send('GET', '/metrics')).body, new RegExp(`^reeve_container_ready\\{container="${id}"\\} 0$`, 'm'));
});

test('with Postgres away the metrics say so, and show no old figure', async () => {
  await server.down();
  try {
    const text = await control();
    assert.match(text, /^reeve_control_database_up 0$/m);
    assert.match(text, /^reeve_sites_server_up 0$/m);
    assert.doesNotMatch(text, /^reeve_(runs|run_oldest_requested_seconds|incidents_open|sites_server_connections)[{ ]/m);
    assert.match(text, /^process_cpu_seconds_total/m);
  } finally {
    await server.up();
  }
  assert.match(await control(), /^reeve_control_database_up 1$/m);
});
