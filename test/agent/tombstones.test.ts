/** A container that was away for longer than tombstones are kept. */
import assert from 'node:assert/strict';
import { existsSync, utimesSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { until } from '../local/wait.ts';
import { createContainer, type TestContainer } from './container.ts';
import { createPlatform, type TestPlatform } from './platform.ts';

const DAY = 24 * 60 * 60;
let platform: TestPlatform;
let container: TestContainer;
before(async () => {
  platform = await createPlatform();
  container = await createContainer(platform);
});
after(async () => {
  await container?.remove();
  await platform?.close();
});

const purge = (hostname: string) => platform.pool.query(`begin;
  delete from hostname where hostname = '${hostname}';
  update platform set generation = generation + 1, hostnames = hostnames - 1;
  select pg_notify('reeve', '{}');
  commit`);

function kept(daysAgo: number): void {
  const at = Date.now() / 1_000 - daysAgo * DAY;
  for (const file of ['state.json', 'state.log']) if (existsSync(`${container.root}/${file}`)) utimesSync(`${container.root}/${file}`, at, at);
}

test('rows gone without tombstones are refused; by one whose state is older than tombstones are kept, a new start takes them', async () => {
  const site = await platform.addSite();
  await platform.bind('old.example.test', site);
  container.start();
  await container.untilReady();
  await container.untilServed((await platform.bind('older.example.test', site)).generation);
  const { incarnation } = await container.row();
  const nginx = container.pid('nginx');
  kept(28);
  await purge('old.example.test');
  await until('it says that the read failed', async () => (await container.row()).waiting_on.some(({ on }) => on === 'database' || on === 'refused'));
  assert.equal((await container.get('old.example.test')).status, 200);

  kept(31);
  await platform.pool.query("select pg_notify('reeve', '{}')");
  await until('it has joined anew', async () => (await container.row()).incarnation === incarnation + 1);
  await container.untilReady();
  assert.equal((await container.get('old.example.test')).status, 421);
  assert.equal((await container.get(`${site}.test`)).status, 200);
  assert.equal((await container.get('older.example.test')).status, 200);
  assert.equal(container.pid('nginx'), nginx);
});
