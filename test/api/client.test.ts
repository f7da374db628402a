import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createClient } from '../../src/api/client.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { startApi, type TestApi } from './harness.ts';

let api: TestApi;
before(async () => { api = await startApi(); });
after(() => api.close());

test('requests, and problems as errors of their own type', async () => {
  const client = createClient({ api: `${api.url}/api/v1/`, token: api.token });
  const site = await client.request('POST', '/sites', { body: { name: 'alpha' }, idempotencyKey: 'k1' });
  assert.equal((await client.request('GET', '/sites', { query: { limit: 5, name: 'alpha', phase: undefined } })).items[0].id, site.id);
  const answer = await client.exchange('GET', `/sites/${site.id}`);
  assert.deepEqual([answer.status, answer.etag], [200, `"${site.rev}"`]);
  await client.request('PATCH', '/sites/alpha', { body: { owner: 'Ada' }, ifMatch: site.rev });
  await assert.rejects(client.request('PATCH', '/sites/alpha', { body: { owner: 'Eve' }, ifMatch: site.rev }), (error) => isReeveError(error, 'stale'));
  await assert.rejects(client.request('DELETE', '/sites/alpha', { ifMatch: '*' }),
    (error) => isReeveError(error, 'busy') && error.fields.run === site.run.id && /busy with run/.test(error.message));
  await assert.rejects(client.request('POST', '/sites', { body: { name: '-' } }),
    (error) => isReeveError(error, 'invalid') && error.fields.errors?.[0]?.path === 'name');
  assert.equal(await client.request('DELETE', `/tokens/${(await client.request('POST', '/tokens', { body: { name: 'x' } })).id}`), null);
  assert.deepEqual(await client.request('GET', '/healthz'), { alive: true });
});

test('an API that is not there, or is something else, is said in one line', async () => {
  const gone = await listening(createServer());
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  await assert.rejects(createClient({ api: `http://127.0.0.1:${port}`, token: 'x' }).request('GET', '/sites'),
    (error) => isReeveError(error, 'unavailable') && /nothing listens there/.test(error.message));
  const other = await listening(createServer((request, response) => {
    response.statusCode = request.url!.includes('sites') ? 404 : 502;
    response.end('<html>not here</html>');
  }));
  const client = createClient({ api: `http://127.0.0.1:${(other.address() as AddressInfo).port}`, token: 'x' });
  await assert.rejects(client.request('GET', '/sites'), (error) => isReeveError(error, 'not-found') && /not as Reeve/.test(error.message));
  await assert.rejects(client.request('GET', '/runs'), (error) => isReeveError(error, 'unavailable'));
  other.close();
  other.closeAllConnections();
});

function listening(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
