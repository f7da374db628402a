import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import type { Pool } from '../database/pool.ts';
import { readWorkFigures } from '../database/read/work-figures.ts';
import { gaugesOf } from '../metrics/gauges.ts';
import { readConnections } from '../sites/connections.ts';
import type { SitesServer } from '../sites/server.ts';
import { loopFailures } from './loop-failures.ts';

/** What the control worker shows: of the work that goes on, and of the server that holds the sites' databases. */
export function createControlMetrics(pool: Pool, sites: SitesServer): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const work = gaugesOf(registry, { name: 'reeve_control_database_up', help: 'The platform’s database answered this scrape' }, () => readWorkFigures(pool));
  work.add('reeve_runs', 'Runs: open ones, and those that ended within the last hour', ['type', 'state'], (gauge, { runs }) => {
    for (const { type, state, n } of runs) gauge.set({ type, state }, n);
  });
  work.add('reeve_runs_in_flight', 'Runs that go on in Temporal', [], (gauge, { runs }) =>
    gauge.set(runs.filter(({ state }) => state === 'running').reduce((sum, { n }) => sum + n, 0)));
  work.add('reeve_run_oldest_requested_seconds', 'How long the oldest run has waited to be started', [], (gauge, { oldestRequested }) => gauge.set(oldestRequested));
  work.add('reeve_incidents_open', 'Incidents that are not closed', ['severity', 'state'], (gauge, { incidents }) => {
    for (const severity of ['info', 'warning', 'critical']) for (const state of ['open', 'acknowledged']) gauge.set({ severity, state }, 0);
    for (const { severity, state, n } of incidents) gauge.set({ severity, state }, n);
  });
  work.add('reeve_alert_deliveries', 'Deliveries: pending ones, and those that ended within the last hour', ['state'], (gauge, { deliveries }) => {
    for (const state of ['pending', 'delivered', 'failed', 'dropped']) gauge.set({ state }, 0);
    for (const { state, n } of deliveries) gauge.set({ state }, n);
  });
  work.add('reeve_alert_oldest_pending_seconds', 'How long the oldest message has not arrived', [], (gauge, { oldestPending }) => gauge.set(oldestPending));

  const server = gaugesOf(registry, { name: 'reeve_sites_server_up', help: 'The sites’ database server answered this scrape' }, () => readConnections(sites));
  server.add('reeve_sites_server_connections', 'Connections to the sites’ database server', ['server'], (gauge, { used }) => gauge.set({ server: sites.id }, used));
  server.add('reeve_sites_server_connections_max', 'Connections it takes', ['server'], (gauge, { most }) => gauge.set({ server: sites.id }, most));

  new Counter({
    name: 'reeve_loop_failures_total', help: 'Passes that failed: sweep, reaper, housekeeping and others', labelNames: ['loop'], registers: [registry],
    collect() {
      this.reset();
      for (const [loop, count] of loopFailures()) this.inc({ loop }, count);
    },
  });
  return registry;
}

export interface MetricsListener {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * On loopback unless said otherwise, and open: its figures name no site and no hostname.
 * @throws when the port is taken, or the address is none of this machine's
 */
export async function serveMetrics(registry: Registry, port: number, address = '127.0.0.1'): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') return void response.writeHead(404).end();
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(503).end(),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve));
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${(server.address() as AddressInfo).port}/metrics`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}
