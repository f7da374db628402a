/** From a row in Postgres to a page: real nginx, real emperor, a trivial WSGI application. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../local/wait.ts';
import { createContainer, type TestContainer } from './container.ts';
import { createPlatform, type TestPlatform } from './platform.ts';

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

test('a container boots from the platform’s state and serves its sites', async () => {
  const site = await platform.addSite({ env: { COLOR: 'green' } });
  container.start();
  await container.untilReady();
  const answer = await container.get(`${site}.test`);
  assert.equal(answer.status, 200);
  const page = JSON.parse(answer.body);
  assert.equal(page.site, site);
  assert.equal(page.color, 'green');
  const unknown = await container.get('nobody.test');
  assert.equal(unknown.status, 421);
  const proof = await container.proof();
  assert.equal(proof?.generation, (await container.row()).observed_generation);
});

test('a hostname that is bound is served, and no vassal is touched', async () => {
  const site = await platform.addSite();
  await until('the site answers', async () => (await container.get(`${site}.test`)).status === 200);
  const awake = (await container.row()).vassals.awake;
  const before = JSON.parse((await container.get(`${site}.test`)).body);
  const { generation } = await platform.bind('www.example.test', site);
  await container.untilServed(generation);
  const answer = await container.get('www.example.test');
  assert.equal(JSON.parse(answer.body).site, site);
  assert.equal(JSON.parse(answer.body).uid, before.uid);
  assert.ok(awake >= 0);
});
