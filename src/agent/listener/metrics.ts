import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ContainerRecord } from '../../domain/observed.ts';
import { type Answers, STATUS_CLASSES } from '../load/logged-answers.ts';

export interface Metrics {
  observe(record: ContainerRecord, seconds: number): void;
  /** What nginx has answered since the last time. */
  answered(answers: Answers): void;
  text(): Promise<{ contentType: string; body: string }>;
}

/** Bounded labels only: never a site or a hostname, of which there are thousands. */
export function createMetrics(role: 'site' | 'edge' = 'site'): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const of = { registers: [registry] };
  const generation = new Gauge({ name: 'reeve_agent_generation', help: 'The generation that nginx has proved to serve', ...of });
  const passes = new Histogram({
    name: 'reeve_agent_pass_seconds', help: 'Passes of the reconciler', buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 2.5], ...of,
  });
  const waiting = new Gauge({ name: 'reeve_agent_waiting', help: 'What a pass ended waiting for', labelNames: ['on'], ...of });
  const vassals = new Gauge({ name: 'reeve_agent_vassals', help: 'Vassals by state', labelNames: ['state'], ...of });
  const quarantined = new Gauge({ name: 'reeve_agent_quarantined_sites', help: 'Sites held back', ...of });
  const drift = new Counter({ name: 'reeve_agent_drift_total', help: 'Files that were not as written', labelNames: ['kind'], ...of });
  const requests = new Counter({
    name: 'reeve_agent_requests_total', help: 'Visitors’ requests by the class of their status, by nginx’s log', labelNames: ['role', 'status'], ...of,
  });
  // A rate begins with the first one that is counted.
  for (const status of STATUS_CLASSES) requests.inc({ role, status }, 0);
  const load = (name: string, help: string) => new Gauge({ name, help, ...of });
  const measures = {
    cpu: load('reeve_agent_cpu_ratio', 'The share of its cores that the container uses'),
    memory: load('reeve_agent_memory_ratio', 'The share of its memory that it uses'),
    requests: load('reeve_agent_requests_per_second', 'Visitors’ requests, by nginx’s log'),
  };
  return {
    observe(record, seconds) {
      generation.set(record.generation);
      passes.observe(seconds);
      waiting.reset();
      for (const { on } of record.waitingOn) waiting.inc({ on });
      for (const [state, count] of Object.entries(record.vassals)) vassals.set({ state }, count);
      quarantined.set(record.quarantined.length);
      for (const [name, gauge] of Object.entries(measures)) {
        const value = record.load?.[name as keyof typeof measures] ?? null;
        // What was not measured has no value, rather than 0.
        if (value === null) gauge.remove();
        else gauge.set(value);
      }
      for (const { kind } of record.drift) drift.inc({ kind });
    },
    answered(answers) {
      for (const status of STATUS_CLASSES) requests.inc({ role, status }, answers[status]);
    },
    async text() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
