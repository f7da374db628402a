import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { routes } from '../../src/api/routes/index.ts';
import { decodeCursor, encodeCursor } from '../../src/database/read/page.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { API } from '../../src/domain/resources/links.ts';
import { assertProblem, startApi, type TestApi } from './harness.ts';

let api: TestApi;
before(async () => { api = await startApi(); });
after(() => api.close());

const sites = async () => (await api.send('GET', '/sites')).body.items.length;

test('without a good token nothing is answered, and guessing is slowed', async () => {
  assertProblem(await api.send('GET', '/sites', { token: null }), 401, 'unauthenticated');
  const wrong = await api.send('GET', '/sites', { token: 'reeve_not-a-token-that-was-ever-made-000000000' });
  assertProblem(wrong, 401, 'unauthenticated');
  assert.match(wrong.headers.get('www-authenticate')!, /^Bearer/);
  assertProblem(await api.send('GET', '/sites', { token: null, headers: { authorization: 'Basic cm9vdDpyb290' } }), 401, 'unauthenticated');
  let last = wrong;
  for (let i = 0; i < 100 && last.status === 401; i++) last = await api.send('GET', '/sites', { token: 'reeve_guess' });
  assertProblem(last, 429, 'rate-limited');
  assert.equal((await api.send('GET', '/sites')).status, 200, 'a good token from the same address is let in');
});

test('a body that is not JSON, of another type, or too large', async () => {
  for (const raw of ['{', 'name=alpha', '{"name": "alpha"', '\u0000', '{"a":1}{"b":2}']) {
    assertProblem(await api.send('POST', '/sites', { raw }), 400, 'bad-request');
  }
  for (const [type, raw] of [['text/plain', '{"name":"alpha"}'], ['application/x-www-form-urlencoded', 'name=alpha'], ['multipart/form-data', 'x']]) {
    assertProblem(await api.send('POST', '/sites', { raw: raw!, headers: { 'content-type': type! } }), 415, 'unsupported-media-type');
  }
  assertProblem(await api.send('POST', '/sites', { body: { name: 'x'.repeat(1_100_000) } }), 413, 'too-large');
  assertProblem(await api.send('POST', '/sites'), 400, 'bad-request');
  for (const body of [[], 'alpha', 7, null, true]) assertProblem(await api.send('POST', '/sites', { body }), 422, 'invalid');
  assertProblem(await api.send('POST', '/sites', { raw: '{"name":"alpha"}', headers: { 'content-encoding': 'compress' } }), 415, 'unsupported-media-type');
  assertProblem(await api.send('POST', '/sites', { raw: '{"name":"alpha"}', headers: { 'content-encoding': 'gzip' } }), 400, 'bad-request');
  assert.equal(await sites(), 0);
});

test('deep and strange JSON does no harm', async () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  for (const raw of [deep, '{"name":"ok","__proto__":{"owner":"x"}}', '{"constructor":{"prototype":{}}}']) {
    const answer = await api.send('POST', '/sites', { raw });
    assert.ok([400, 422].includes(answer.status), `${answer.status}`);
  }
  assert.equal(({} as { owner?: string }).owner, undefined);
});

test('an address that is none, a method that is none, and a query that says too much', async () => {
  assertProblem(await api.send('GET', '/nothing'), 404, 'not-found');
  const wrong = await api.send('PUT', '/sites', { body: {} });
  assertProblem(wrong, 405, 'method-not-allowed');
  assert.equal(wrong.headers.get('allow'), 'GET, HEAD, POST');
  assertProblem(await api.send('GET', '/sites?colour=red'), 400, 'bad-request');
  assertProblem(await api.send('GET', '/platform?x=1'), 400, 'bad-request');
  assertProblem(await api.send('GET', '/sites/%E0%A4%A'), 400, 'bad-request');
  for (const query of ['limit=0', 'limit=201', 'limit=many', 'limit=', 'limit=1&limit=2', 'cursor=x', 'cursor=W10', 'cursor=']) {
    const answer = await api.send('GET', `/sites?${query}`);
    if (query === 'cursor=') continue;
    assertProblem(answer, 400, 'bad-request');
  }
  assertProblem(await api.send('POST', '/runs/w000000000/cancel', { body: { why: 'not' } }), 422, 'invalid');
});

test('any route answers any body and any address with a problem, never with a 500', async () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  const word = fc.oneof(fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }), fc.constantFrom('..', '%', "' or 1=1 --", '\u202e', 'ＡＢ', 's000000000'));
  const asked = fc.record({ route: fc.constantFrom(...routes.filter((route) => !route.stream)), word, value });
  await fc.assert(fc.asyncProperty(asked, async ({ route, word, value }) => {
    if (route.path === '/tokens' && route.method === 'POST') return;
    const path = route.path.replace(/\{\w+\}/g, encodeURIComponent(word.toWellFormed()));
    const answer = await api.send(route.method, path, { ...(route.method === 'GET' ? {} : { body: value }), headers: { 'if-match': '*' } });
    assert.ok(answer.status < 500, `${route.method} ${path} ${JSON.stringify(value)}: ${answer.status}`);
    if (answer.status >= 400) assertProblem(answer, answer.status, answer.body.type.replace('/problems/', ''));
  }), { numRuns: Number(process.env.RUNS ?? 400) });
});

test('a cursor comes back as it went, and anything else is refused', () => {
  fc.assert(fc.property(fc.tuple(fc.string({ maxLength: 200 }).filter((text) => !text.includes('\0')), fc.maxSafeInteger()), (key) => {
    assert.deepEqual(decodeCursor<[string, number]>(encodeCursor(key), 'string', 'number'), key);
  }));
  fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String(), fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'))), (text) => {
    try {
      const key = decodeCursor<[string]>(text, 'string');
      assert.ok(key?.length === 1 && typeof key[0] === 'string');
    } catch (error) {
      assert.ok(isReeveError(error, 'bad-request'));
    }
  }));
});

test('what is no HTTP at all ends the connection and not the process', async () => {
  const { port } = new URL(api.url);
  for (const text of ['\x16\x03\x01\x02\x00', 'GET /\r\n\r\n', `GET ${API}/sites HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`]) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
      socket.on('error', () => resolve());
      socket.on('data', () => {});
      socket.on('close', () => resolve());
    });
  }
  assert.equal((await api.send('GET', '/healthz')).status, 200);
});
