/** One probe, at the connection: one that was kept is cut under it, as a reload cuts it (fault 13); an answer comes in drops. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createRequester, tookTooLong } from '../../src/agent/sweep/request.ts';

const directory = mkdtempSync(join(tmpdir(), 'rv-request-'));
const socket = join(directory, 'probe.sock');
const ANSWER = 'HTTP/1.1 200 OK\r\nX-Reeve-Site: s000000001\r\nContent-Length: 2\r\n\r\nok';
const QUESTION = { host: 'a.test', path: '/', scheme: 'http' } as const;
let server: Server;
let connections = 0;
/** How many requests a connection answers before the next one is cut. */
let answers = 1;
/** What a question is answered with from then on, instead. */
let otherwise: ((connection: Socket) => void) | null = null;

before(async () => {
  server = createServer((connection) => {
    connections += 1;
    let seen = 0;
    connection.on('error', () => {});
    connection.on('data', () => {
      seen += 1;
      if (otherwise) otherwise(connection);
      else if (seen > answers) connection.destroy();
      else connection.write(ANSWER);
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
after(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

test('a probe on a kept connection that is cut is asked once more, on a fresh one', async () => {
  const requester = createRequester(socket, 1);
  assert.equal((await requester.ask(QUESTION, 5_000)).status, 200);
  assert.equal((await requester.ask(QUESTION, 5_000)).site, 's000000001');
  assert.equal(connections, 2);
  await requester.close();
});

test('one that is cut on the fresh connection too has failed: it is not asked for ever', async () => {
  answers = 0;
  connections = 0;
  const requester = createRequester(socket, 1);
  await assert.rejects(requester.ask(QUESTION, 5_000));
  assert.equal(connections, 2);
  await requester.close();
});

/** One letter at a time, far more often than a probe has patience. */
const drip = (first: string, letter: string) => (connection: Socket) => {
  connection.write(first);
  const drops = setInterval(() => connection.write(letter), 50);
  connection.on('close', () => clearInterval(drops));
};

for (const [what, answer] of [
  ['headers', drip('HTTP/1.1 200 OK\r\nX-Drops: ', 'x')],
  ['a body', drip('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n', 'x')],
  ['answers before the answer', drip('', 'HTTP/1.1 103 Early Hints\r\n\r\n')],
  ['nothing for most of its time, then a cut, then nothing again', (connection: Socket) => { setTimeout(() => connection.destroy(), 700); }],
] as const) {
  test(`an answer has one deadline, whatever comes meanwhile: ${what}`, { timeout: 20_000 }, async () => {
    otherwise = answer;
    const requester = createRequester(socket, 1);
    const begun = performance.now();
    await assert.rejects(requester.ask(QUESTION, 1_000), (error) => tookTooLong(error));
    const took = performance.now() - begun;
    assert.ok(took > 990 && took < 1_800, `it took ${Math.round(took)} ms`);
    otherwise = null;
    answers = 1;
    assert.equal((await requester.ask(QUESTION, 5_000)).status, 200, 'its place is free again');
    await requester.close();
  });
}
