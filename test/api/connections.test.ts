/** What a site's settings ask of its database server must fit there; whoever asks for too much hears how much is free. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { observeMaxConnections } from '../../src/database/server-connections.ts';
import { assertProblem, complete, liveSite, startApi, type TestApi } from './harness.ts';

let api: TestApi;
let alpha: string;
before(async () => {
  api = await startApi();
  alpha = await liveSite(api, 'alpha');
});
after(() => api.close());

const create = (name: string, connections: number, headers = {}) => api.send('POST', '/sites', { body: { name, settings: { connections } }, headers });
const set = (connections: number) => api.send('PATCH', `/sites/${alpha}`, { body: { settings: { connections } }, headers: { 'if-match': '*' } });
const server = async () => (await api.send('GET', '/database-servers')).body.items[0];

test('what nobody knows refuses nothing', async () => {
  const { maxConnections, usableConnections, connections } = await server();
  assert.deepEqual([maxConnections, usableConnections, connections], [null, null, 10]);
  assert.equal((await set(500)).status, 200);
});

test('a site asks for more than its server has: how many are free is said, and nothing is changed', async () => {
  await observeMaxConnections(api.database.pool, 'local', 50);
  assert.deepEqual((await server()).usableConnections, 40);
  // It has more than there is: it may have less, or stay.
  assert.equal((await set(35)).status, 200);
  const refused = await set(41);
  assertProblem(refused, 409, 'conflict');
  assert.deepEqual([refused.body.free, refused.body.errors[0].path], [40, 'settings.connections']);
  assert.match(refused.body.detail, /takes 50 connections, of which sites may be given 40: 0 are given, so 40 are free, and 41 do not fit/);
  assert.equal((await api.send('GET', `/sites/${alpha}`)).body.settings.connections, 35);

  const made = await create('beta', 6, { 'idempotency-key': 'beta' });
  assertProblem(made, 409, 'conflict');
  assert.equal(made.body.free, 5);
  assertProblem(await api.send('GET', '/sites/beta'), 404, 'not-found');
  assertProblem(await api.send('GET', '/hostnames/beta.localhost'), 404, 'not-found');
});

test('of two that ask for the last ones at once, one gets them; a deleted site keeps its own', async () => {
  const answers = await Promise.all([create('gamma', 5), create('delta', 5)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 409]);
  const { body: { id, run } } = answers.find(({ status }) => status === 202)!;
  await complete(api, run.id, [{ table: 'site', op: 'update', key: { id }, values: { phase: 'live' } }]);
  const { body: deleted } = await api.send('DELETE', `/sites/${id}`, { headers: { 'if-match': '*' } });
  await complete(api, deleted.run.id);
  assertProblem(await create('epsilon', 2), 409, 'conflict');
});
