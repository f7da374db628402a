import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { readText } from '../../src/api/client-streams.ts';
import { type Asked, openWay } from '../../src/network/request.ts';

const server = createServer(async (request, response) => {
  const { method, url, headers, socket } = request;
  if (url === '/silent') return;
  if (url === '/half') return void response.writeHead(200, { 'content-length': 100 }).write('half');
  if (url === '/cut') return void response.writeHead(200, { 'content-length': 100 }).write('half', () => socket.destroy());
  response.end(`${method} ${headers['content-length']} ${await readText(request)}`);
});
const address = (path: string) => new URL(path, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
after(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(path: string, more: Partial<Asked> = {}): Promise<string> {
  const send = await openWay(address(path));
  const { body } = await send(address(path), { method: 'GET', headers: {}, body: null, headersTimeout: 15_000, bodyTimeout: 30_000, ...more });
  return await readText(body);
}

test('a body arrives whole with any method', async () => {
  assert.equal(await ask('/', { method: 'DELETE', body: 'ö' }), 'DELETE 2 ö');
  assert.equal(await ask('/', { method: 'POST', body: 'ö' }), 'POST 2 ö');
  assert.equal(await ask('/', { method: 'DELETE' }), 'DELETE undefined ');
});

test('an answer that does not begin, stops half-way or is cut is an error', async () => {
  await assert.rejects(ask('/silent', { headersTimeout: 50 }), /it does not answer/);
  await assert.rejects(ask('/half', { bodyTimeout: 50 }), /stopped half-way/);
  await assert.rejects(ask('/cut'), { code: 'ECONNRESET' });
});

test('a signal ends it before and within the answer', async () => {
  await assert.rejects(ask('/silent', { signal: AbortSignal.abort() }), { name: 'AbortError' });
  const stop = new AbortController();
  const send = await openWay(address('/half'));
  const { body } = await send(address('/half'), { method: 'GET', headers: {}, body: null, headersTimeout: 15_000, bodyTimeout: 0, signal: stop.signal });
  await assert.rejects(async () => {
    for await (const _ of body) stop.abort();
  });
});
