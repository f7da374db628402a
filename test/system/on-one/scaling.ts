/** The cluster grows and shrinks by what it carries, with real containers, and visitors all the time. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Container } from '../../../src/domain/resources/container.ts';
import { createClient } from '../../../src/temporal/client.ts';
import { createSite, inEachContainer, until } from '../platform.ts';
import { visitors } from '../visitors.ts';
import { platform, purgeSites } from './platform.ts';

describe('the cluster grows and shrinks', () => {
  before(() => createSite(platform, 'grown'), { timeout: 2 * 60_000 });
  after(async () => {
    // A container that somebody adds is to stay.
    await set({ mode: 'off' });
    await purgeSites();
  });

  const members = async () => (await platform.api.request<{ items: Container[] }>('GET', '/containers')).items.filter(({ role }) => role === 'site');
  const set = async (scaling: Record<string, unknown>) => await platform.api.request('PATCH', '/settings', { body: { scaling }, ifMatch: '*' });

  /** As the schedule does each minute, without its minute. */
  async function look(): Promise<void> {
    const client = createClient({ TEMPORAL_ADDRESS: platform.local.temporal.address, TEMPORAL_NAMESPACE: platform.local.temporal.namespace });
    try {
      await client.schedule.getHandle('scaleCluster').trigger();
    } finally {
      await client.connection.close();
    }
  }

  const settled = (count: number) => async () => {
    const now = await members();
    if (now.length === count && now.every((one) => one.state === 'ready' && one.alive && one.wanted === 'running' && !one.run)) return now;
    await look();
    return null;
  };

  test('one joins when the minimum asks for it, one leaves when the maximum does, and no visitor notices', { timeout: 6 * 60_000 }, async (t) => {
    const before = (await members()).map((one) => one.id);
    const traffic = visitors(platform, ['grown.localhost']);
    await set({ mode: 'on', min: 3, max: 3 });
    const grown = await until('three to be ready', settled(3), 120_000);
    const joined = grown.find((one) => !before.includes(one.id))!;
    // Ready means that it serves: what it was sent is what the others serve.
    const pages = await inEachContainer(platform, 'grown.localhost');
    assert.deepEqual([pages.size, pages.get(joined.id)?.status], [3, 200]);

    await set({ min: 1, max: 2 });
    await until('two to be left', settled(2), 120_000);
    const { count, failed } = await traffic.stop();
    t.diagnostic(`${count} requests, ${failed.length} failed`);
    assert.deepEqual(failed, []);
    assert.ok(count > 0);

    const own = await until('the runs to be over', async () => {
      const { items } = await platform.api.request<{ items: { type: string; state: string }[] }>('GET', '/runs');
      const some = items.filter(({ type }) => type === 'launchContainer' || type === 'drainContainer');
      return some.every(({ state }) => state !== 'requested' && state !== 'running') ? some : null;
    });
    assert.deepEqual(own.map(({ type, state }) => `${type} ${state}`).sort(), ['drainContainer completed', 'launchContainer completed']);
  });

  test('settings that contradict are refused by field', async () => {
    await assert.rejects(set({ min: 5, max: 2 }), (error: { type: string; fields: { errors: { path: string }[] } }) =>
      error.type === 'invalid' && error.fields.errors[0]!.path === 'scaling.min');
  });
});
