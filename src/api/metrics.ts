import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Pool } from '../database/pool.ts';
import { type ContainerFigures, readContainerFigures } from '../database/read/container-figures.ts';
import { type Gauges, gaugesOf } from '../metrics/gauges.ts';

export interface Metrics {
  readonly registry: Registry;
  /** `route` is the pattern of a known route, or `none`: labels stay bounded, whatever strangers ask for. */
  observe(request: { method: string; route: string; status: number; seconds: number }): void;
}

/** What the API counts of itself, and the platform's own figures, read at each scrape. */
export function createMetrics(pool: Pool, streams: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'reeve_api_requests_total', help: 'Requests', labelNames: ['method', 'route', 'status'], registers: [registry],
  });
  const durations = new Histogram({
    name: 'reeve_api_request_seconds', help: 'Time to answer', labelNames: ['method', 'route'], registers: [registry],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  });
  new Gauge({
    name: 'reeve_api_streams', help: 'Open event streams', registers: [registry],
    collect() { this.set(streams()); },
  });
  new Gauge({
    name: 'reeve_api_database_connections', help: 'Connections to the platform’s database', labelNames: ['state'], registers: [registry],
    collect() {
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
      this.set({ state: 'awaited' }, pool.waitingCount);
    },
  });
  addContainers(registry, pool);
  const known = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
  return {
    registry,
    observe({ method, route, status, seconds }) {
      const labels = { method: known.has(method) ? method : 'other', route };
      requests.inc({ ...labels, status: `${Math.floor(status / 100)}xx` });
      durations.observe(labels, seconds);
    },
  };
}

/** The label is a container's id: of those that are there, some hundreds at most, never of those that were. */
function addContainers(registry: Registry, pool: Pool): void {
  const gauges = gaugesOf(registry, { name: 'reeve_api_database_up', help: 'The platform’s database answered this scrape' }, () => readContainerFigures(pool));
  gauges.add('reeve_platform_generation', 'The platform’s version', [], (gauge, { generation }) => gauge.set(generation));
  gauges.add('reeve_containers', 'Containers by state', ['role', 'state'], (gauge, { containers }) => {
    for (const state of ['starting', 'ready', 'draining', 'lost']) gauge.set({ role: 'site', state }, 0);
    for (const { role, state } of containers) gauge.inc({ role, state });
  });
  const each = containersThatServe(gauges);
  each('reeve_container_ready', 'Whether a container that should serve does', ({ state }) => (state === 'ready' ? 1 : 0));
  each('reeve_container_lag_generations', 'Changes that it has not followed yet', ({ lagGenerations }) => lagGenerations);
  each('reeve_container_lag_seconds', 'How long ago the oldest of them was', ({ lagSeconds }) => lagSeconds);
  each('reeve_container_quarantined_sites', 'Sites held back there', ({ quarantined }) => quarantined);
  gauges.add('reeve_container_vassals', 'Vassals by state', ['container', 'state'], (gauge, { containers }) => {
    for (const { id: container, role, vassals } of containers) {
      if (role === 'site') for (const [state, n] of Object.entries(vassals)) gauge.set({ container, state }, n);
    }
  });
}

const containersThatServe = (gauges: Gauges<{ containers: ContainerFigures[] }>) =>
  (name: string, help: string, of: (container: ContainerFigures) => number) =>
    gauges.add(name, help, ['container'], (gauge, { containers }) => {
      for (const one of containers) if (one.wanted === 'running') gauge.set({ container: one.id }, of(one));
    });
