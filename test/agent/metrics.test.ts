import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../src/agent/listener/metrics.ts';
import type { ContainerRecord } from '../../src/domain/observed.ts';

const record: ContainerRecord = {
  epoch: 1, generation: 7, state: 'ready', digests: { desired: '', files: '' }, waitingOn: [{ on: 'disk', message: 'full' }], quarantined: [],
  drift: [{ path: 'nginx/sites.conf', kind: 'missing' }], vassals: { awake: 2, asleep: 3, starting: 0, failing: 1 },
};

test('a container shows what it serves and carries; what was not measured has no value', async () => {
  const metrics = createMetrics();
  metrics.observe({ ...record, load: { cpu: 0.25, memory: 0.5, requests: 12, awake: 2 } }, 0.01);
  metrics.answered({ '2xx': 40, '3xx': 0, '4xx': 2, '5xx': 1, none: 0 });
  metrics.answered({ '2xx': 2, '3xx': 0, '4xx': 0, '5xx': 0, none: 0 });
  const { body } = await metrics.text();
  for (const line of ['reeve_agent_generation 7', 'reeve_agent_cpu_ratio 0.25', 'reeve_agent_memory_ratio 0.5', 'reeve_agent_requests_per_second 12',
    'reeve_agent_vassals{state="failing"} 1', 'reeve_agent_waiting{on="disk"} 1', 'reeve_agent_drift_total{kind="missing"} 1',
    'reeve_agent_requests_total{role="site",status="2xx"} 42', 'reeve_agent_requests_total{role="site",status="3xx"} 0']) {
    assert.ok(body.split('\n').includes(line), `${line} is in\n${body}`);
  }
  metrics.observe({ ...record, load: { cpu: null, memory: 0.5, requests: null, awake: 2 } }, 0.01);
  assert.doesNotMatch((await metrics.text()).body, /^reeve_agent_(cpu_ratio|requests_per_second) /m);
});
