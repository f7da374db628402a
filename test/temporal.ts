/** A namespace of its own on a real Temporal server, so that the test files' workers never take each other's tasks. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { createClient, type TemporalConfig } from '../src/temporal/client.ts';
import { ensureSearchAttributes } from '../src/temporal/search-attributes.ts';

export interface TestTemporal {
  readonly config: TemporalConfig;
  readonly client: Client;
  close(): Promise<void>;
}

/** @throws where REEVE_TEST_TEMPORAL_ADDRESS names no server: `npm test` starts one for all files */
export async function testTemporal(): Promise<TestTemporal> {
  const address = process.env.REEVE_TEST_TEMPORAL_ADDRESS;
  if (!address) throw new Error('REEVE_TEST_TEMPORAL_ADDRESS is not set: run the tests with npm test');
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const config = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  const client = createClient(config);
  await client.connection.workflowService.registerNamespace({
    namespace, workflowExecutionRetentionPeriod: { seconds: 24 * 3600 as never },
  });
  // The server's parts learn of a namespace one after the other.
  for (let tries = 0; ; tries += 1) {
    try {
      await ensureSearchAttributes(client);
      await client.workflow.count();
      break;
    } catch (error) {
      if (tries === 300) throw error;
      await delay(50);
    }
  }
  return { config, client, close: () => client.connection.close() };
}
