/** `checkHealth` on a real Temporal server: who is asked, for which slot, and what it says of those it did not reach. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { HealthCheckResult } from '../../workflows/check-health.ts';
import { CONTROL_QUEUE } from '../../src/temporal/names.ts';
import { type TestControl, testControl } from '../workflows/control.ts';
import { type Member, startMember } from '../workflows/member.ts';
import { until } from '../workflows/platform.ts';

let platform: TestControl;
let answering: Member;
let silent: Member;
before(async () => {
  platform = await testControl();
  [answering, silent] = await Promise.all([startMember(platform), startMember(platform)]);
});
after(async () => {
  await Promise.all([answering?.stop(), silent?.stop()]);
  await platform?.close();
});

test('the control worker has it scheduled as the settings say', async () => {
  const every = async () => {
    const { spec } = await platform.client.schedule.getHandle('checkHealth').describe();
    return spec.intervals?.[0]?.every;
  };
  await until('the schedule', async () => (await every().catch(() => null)) === 30_000);
});

test('each ready container is asked for the slot of now; one without an agent is named, and holds up no other', async () => {
  await silent.killAgent();
  const result: HealthCheckResult = await platform.client.workflow.execute('checkHealth', {
    workflowId: `check-${randomUUID()}`, taskQueue: CONTROL_QUEUE, args: [{ intervalSeconds: 30 }],
  });
  assert.equal(result.slot % 30_000, 0);
  assert.deepEqual(result.swept.map(({ container, slot, bad }) => [container, slot, bad]), [[answering.container, result.slot, ['bad.example.org']]]);
  assert.deepEqual(result.unreached.map(({ container }) => container), [silent.container]);
  const { rowCount } = await platform.pool.query('select 1 from run');
  assert.equal(rowCount, 0, 'a check has no row');
});
