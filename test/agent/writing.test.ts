/** SIGKILL while writing: after a restart there is exactly one generation, whole (BUDGETS, fault 6). */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { lastKnownGood } from '../../src/agent/state/last-known-good.ts';
import { layoutOf } from '../../src/agent/config.ts';
import { until } from '../local/wait.ts';
import { createContainer } from './container.ts';
import { createPlatform } from './platform.ts';

test('fault 6: an agent that is killed at any moment of a burst of changes leaves one whole generation', async () => {
  const platform = await createPlatform();
  const container = await createContainer(platform, { emperor: false });
  try {
    const site = await platform.addSite({ phase: 'suspended' });
    container.start();
    await container.untilReady();
    let bound = 0;
    for (let round = 0; round < 5; round++) {
      const agent = container.pid('agent');
      const burst = (async () => {
        for (let i = 0; i < 6; i++) await platform.bind(`n${bound++}.example.test`, site);
      })();
      // Some moment of the burst: which write it hits is left to chance, of which there are five.
      await delay(Math.random() * 120);
      process.kill(agent, 'SIGKILL');
      const kept = lastKnownGood(layoutOf(container.config)).load();
      assert.ok(kept, 'the kept state is whole');
      assert.equal(kept.hostnames.size, kept.generation - 1, 'and of one generation: each change after the first brought one hostname');
      await burst;
      const { rows: [{ generation }] } = await platform.pool.query('select generation from platform');
      await container.untilServed(generation);
      const proof = await container.proof();
      const current = `${container.root}/nginx/current`;
      assert.match(readlinkSync(current), new RegExp(`-${proof!.digest.slice(0, 12)}`));
      for (let i = 0; i < bound; i++) assert.match(readFileSync(`${current}/hostnames.conf`, 'utf8'), new RegExp(`^n${i}\\.example\\.test `, 'm'));
      assert.deepEqual(readdirSync(container.root).filter((name) => name.includes('.new.')), []);
    }
    assert.equal((await container.get(`n${bound - 1}.example.test`)).status, 503);
    await until('nothing is left of former configurations but one', () =>
      readdirSync(`${container.root}/nginx`).filter((name) => /^\d+-/.test(name) && name !== '0-test').length <= 2);
  } finally {
    await container.remove();
    await platform.close();
  }
});
