/** What is piped in by a writer that is slower than the program: each command waits for it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ContractServer, startContract } from './contract-server.ts';
import { type Ended, start } from './program.ts';

const SITE = { id: 's000000001', name: 'alpha' };
const none = { body: { items: [], next: null } };
let server: ContractServer;
before(async () => {
  server = await startContract({
    'GET /sites/alpha': { body: SITE }, 'PUT /sites/s000000001/env': { body: { items: [] } },
    'GET /settings': { body: { publicPort: 80 } }, 'PATCH /settings': { body: {} }, 'GET /sites': none, 'GET /hostnames': none,
    'POST /sign-in/token': { body: { id: 'k000000001', token: 'reeve_x', expiresAt: null } }, 'GET /me': { body: { user: { email: 'ada@example.org' } } },
    'POST /alerts/channels': { body: { id: 'a000000001', name: 'team', kind: 'slack', target: 'https://hooks.example.org' } },
  }, {});
});
after(() => server?.close());

/** Writes once the program waits for it: Node says when it begins to read. One that does not wait ends before. */
async function late(args: readonly string[], text: string): Promise<Ended> {
  const running = start(args, { ...server.env, NODE_DEBUG: 'net' }, null);
  await running.stderrMatches(/^NET .*: _read/m);
  running.pipe(text);
  return await running.ended;
}

const sent = (method: string, path: string) => server.asked.find((each) => each.method === method && each.path === path)?.body;

describe('stdin that comes late is waited for', () => {
  test('a variable', async () => {
    const { code, stderr } = await late(['site', 'env', 'set', 'alpha', 'KEY=-'], 'ein Wörtchen\n');
    assert.equal(code, 0, stderr);
    assert.deepEqual(sent('PUT', '/sites/s000000001/env'), { KEY: 'ein Wörtchen' });
  });

  test('a platform file', async () => {
    const { code, stderr } = await late(['apply', '-f', '-'], 'settings:\n  publicPort: 8080\n');
    assert.equal(code, 0, stderr);
    assert.deepEqual(sent('PATCH', '/settings'), { publicPort: 8080 });
  });

  test('a password', async () => {
    const { code, stderr } = await late(['login', server.env.REEVE_API!, '--email', 'ada@example.org', '--name', 'here', '--password-file', '-'], 'a password\r\n');
    assert.equal(code, 0, stderr);
    assert.deepEqual(sent('POST', '/sign-in/token'), { email: 'ada@example.org', password: 'a password', name: 'here' });
  });

  test('the secret of a channel', async () => {
    const { code, stderr } = await late(['alert', 'channel', 'add', 'slack', 'team', '--url-file', '-'], 'https://hooks.example.org/secret\n');
    assert.equal(code, 0, stderr);
    assert.deepEqual((sent('POST', '/alerts/channels') as { config: unknown }).config, { url: 'https://hooks.example.org/secret' });
  });
});
