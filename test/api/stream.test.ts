import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { createClient } from '../../src/api/client.ts';
import type { ServerSentEvent } from '../../src/api/client-streams.ts';
import type { Deps } from '../../src/api/deps.ts';
import { endWhenRefused } from '../../src/api/stream/still-permitted.ts';
import { commitChange } from '../../src/database/change.ts';
import { finishRun } from '../../src/database/run.ts';
import { assertProblem, startApi, SYSTEM, type TestApi } from './harness.ts';

let api: TestApi;
before(async () => { api = await startApi(); });
after(() => api.close());

const change = (n: number) => commitChange(api.database.pool, { actor: SYSTEM, type: 'test.changed', metadata: { n }, writes: [] });

/** Read until enough has come; then go. */
async function read(until: (all: ServerSentEvent[]) => boolean, { lastEventId, ready }: { lastEventId?: string; ready?: () => Promise<unknown> } = {}): Promise<ServerSentEvent[]> {
  const client = createClient({ api: api.url, token: api.token });
  const all: ServerSentEvent[] = [];
  const stop = new AbortController();
  for await (const event of client.stream<ServerSentEvent>('/stream', { signal: stop.signal, ...(lastEventId ? { lastEventId } : {}) })) {
    if (event.event === 'ready') void ready?.();
    all.push(event);
    if (until(all)) break;
  }
  stop.abort();
  return all;
}

const numbers = (events: ServerSentEvent[]) => events.filter(({ event }) => event === 'event').map(({ data }) => (data as { metadata: { n: number } }).metadata.n);

test('events and notices come as they happen, in order', async () => {
  const { body: { run } } = await api.send('POST', '/containers', { body: {} });
  const seen = await read((all) => all.some(({ event, data }) => event === 'notice' && (data as { type: string }).type === 'run.completed'), {
    ready: async () => {
      for (let n = 0; n < 5; n++) await change(n);
      await finishRun(api.database.pool, run.id, 'completed', {});
    },
  });
  assert.equal(seen[0]!.event, 'ready');
  assert.deepEqual(numbers(seen), [0, 1, 2, 3, 4]);
  const notice = seen.at(-1)!.data as { metadata: { run: string } };
  assert.equal(notice.metadata.run, run.id);
});

test('who comes back with Last-Event-ID has missed nothing', async () => {
  const first = await read((all) => numbers(all).length === 1, { ready: () => change(100) });
  for (let n = 101; n < 110; n++) await change(n);
  const second = await read((all) => numbers(all).length === 10, { lastEventId: first.at(-1)!.id, ready: () => change(110) });
  assert.deepEqual(numbers(second), [101, 102, 103, 104, 105, 106, 107, 108, 109, 110]);
  assertProblem(await api.send('GET', '/stream', { headers: { 'last-event-id': 'yesterday' } }), 400, 'bad-request');
});

test('many at once, of which none sees one twice or misses one', async () => {
  let ready = 0;
  const enough = Promise.withResolvers<void>();
  const all = Array.from({ length: 12 }, () => read((seen) => numbers(seen).includes(299), { ready: async () => { if (++ready === 12) enough.resolve(); } }));
  await enough.promise;
  await Promise.all(Array.from({ length: 40 }, (_, i) => change(200 + i)));
  await change(299);
  for (const seen of await Promise.all(all)) {
    const ns = numbers(seen);
    assert.equal(new Set(ns).size, ns.length);
    assert.equal(ns.length, 41);
    const ids = seen.filter(({ event }) => event === 'event').map(({ id }) => Number(id.split('-')[0]));
    assert.deepEqual(ids, [...ids].sort((a, b) => a - b));
  }
});

test('a client that does not read is dropped, and the others go on', async () => {
  const { port } = new URL(api.url);
  const lazy = connect(Number(port), '127.0.0.1');
  lazy.write(`GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.token}\r\n\r\n`);
  await new Promise((resolve) => lazy.once('data', resolve));
  lazy.pause();
  const dropped = new Promise((resolve) => lazy.once('close', resolve));
  lazy.on('error', () => {});
  const big = { text: 'x'.repeat(6_000) };
  let streams = Number.POSITIVE_INFINITY;
  const reader = read((all) => all.some(({ data }) => (data as { type?: string }).type === 'test.last'), {
    ready: async () => {
      // Sockets hold some megabytes before the process does.
      for (let i = 0; i < 200 && streams > 1; i++) {
        await Promise.all(Array.from({ length: 50 }, () => commitChange(api.database.pool, { actor: SYSTEM, type: 'test.big', metadata: big, writes: [] })));
        streams = Number(/reeve_api_streams (\d+)/.exec((await api.send('GET', '/metrics')).body)![1]);
      }
      await commitChange(api.database.pool, { actor: SYSTEM, type: 'test.last', metadata: {}, writes: [] });
    },
  });
  const seen = await reader;
  assert.equal(streams, 1, 'the one that reads is left');
  assert.ok(seen.length > 50);
  lazy.resume();
  await dropped;
});

test('of a reader that has gone before its stream begins nothing is kept', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  const asked: AbortSignal[] = [];
  const deps = { principals: { onForget: (_look: () => void, signal: AbortSignal) => asked.push(signal) } } as unknown as Deps;
  const grantee = { id: 'u000000000', teams: [], grants: [] } as never;
  const server = createServer((request, response) => {
    response.once('close', () => {
      const before = timers();
      endWhenRefused(deps, request as never, response as never, grantee, () => '');
      server.emit('begun', timers() - before);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
  server.once('request', () => socket.destroy());
  const [left] = await once(server, 'begun');
  server.close();
  assert.equal(left, 0, 'no timer that looks for ever');
  assert.ok(asked.every(({ aborted }) => aborted));
});

test('closing ends the streams', async () => {
  const other = await startApi();
  const client = createClient({ api: other.url, token: other.token });
  const ended = (async () => {
    const seen: string[] = [];
    for await (const { event } of client.stream<ServerSentEvent>('/stream')) {
      seen.push(event);
      void other.close();
    }
    return seen;
  })();
  assert.deepEqual(await ended.catch((error) => error.type ?? error), ['ready']);
});
