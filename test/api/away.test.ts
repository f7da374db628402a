/** What the API says while the platform's Postgres is away: soon, and without losing anything. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type OwnServer, startOwnServer } from '../postgres.ts';
import { assertProblem, startApi, type Answer, type TestApi } from './harness.ts';

/** The API's own limit is 5.5 s; the rest is for a machine that is busy with other tests. */
const SOON_MS = 12_000;

let server: OwnServer;
let api: TestApi;
before(async () => {
  server = await startOwnServer();
  api = await startApi({ server: server.url });
});
after(async () => {
  await api.close();
  await server.stop();
});

async function timed(asked: Promise<Answer>): Promise<{ answer: Answer; ms: number }> {
  const began = performance.now();
  const answer = await asked;
  return { answer, ms: performance.now() - began };
}

async function untilReady(): Promise<void> {
  while ((await api.send('GET', '/readyz', { token: null })).status !== 200) await delay(50);
}

const requests = (): Promise<Answer>[] => [
  api.send('GET', '/sites'), api.send('GET', '/platform'), api.send('POST', '/sites', { body: { name: 'lost' } }), api.send('GET', '/readyz', { token: null }),
  api.send('POST', '/containers', { body: {}, headers: { 'idempotency-key': 'away' } }), api.send('GET', '/stream'),
];

test('a database that is down is a 503 at once, and things go on when it is back', async () => {
  assert.equal((await api.send('GET', '/sites')).status, 200);
  await server.down();
  for (const { answer, ms } of await Promise.all(requests().map(timed))) {
    assertProblem(answer, 503, 'unavailable');
    assert.ok(answer.headers.get('retry-after'));
    assert.ok(ms < SOON_MS, `${ms} ms`);
  }
  assert.equal((await api.send('GET', '/healthz')).status, 200, 'the process itself is well');
  await server.up();
  await untilReady();
  const { status, body } = await api.send('POST', '/sites', { body: { name: 'kept' } });
  assert.equal(status, 202);
  assert.equal((await api.send('GET', `/runs/${body.run.id}`)).body.state, 'requested');
});

test('a database that hangs is a 503 soon, and what it did is found by its key', async () => {
  assert.equal((await api.send('GET', '/sites')).status, 200);
  server.pause();
  try {
    for (const { answer, ms } of await Promise.all(requests().map(timed))) {
      assertProblem(answer, 503, 'unavailable');
      assert.ok(ms < SOON_MS, `${ms} ms`);
    }
  } finally {
    server.resume();
  }
  await untilReady();
  let again: Answer;
  do again = await api.send('POST', '/containers', { body: {}, headers: { 'idempotency-key': 'away' } });
  while (again.status === 409);
  assert.equal(again.status, 202);
  const { items } = (await api.send('GET', '/containers')).body;
  assert.equal(items.length, 1, 'done once, whether the first attempt got through or not');
});
