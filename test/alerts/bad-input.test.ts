/** Channels that cannot be reached or are wrong: a clear reason, the others go on, and no secret is shown, logged or kept plain. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { sendMail } from '../../src/alerts/email.ts';
import { assertProblem } from '../api/harness.ts';
import { until } from '../local/wait.ts';
import { type AlertPlatform, alertPlatform } from './platform.ts';
import { httpReceiver, mailReceiver } from './receiver.ts';

const SECRET = 'signing-key-nobody-may-see';
const PASSWORD = 'mail-password-nobody-may-see';
let platform: AlertPlatform;
before(async () => {
  platform = await alertPlatform();
  // Of a busy machine: a handshake, with its keys, has taken half a second.
  platform.dispatcher({ timeoutMs: 2_000 });
});
after(() => platform?.close());

/** What became of a test through a new channel. */
async function tried(body: Record<string, unknown>): Promise<{ state: string; lastError: string | null }> {
  const { id } = await platform.channel({ name: `try ${Math.random()}`, ...body });
  const { body: asked } = await platform.api.send('POST', `/alerts/channels/${id}/test`);
  const look = async () => (await platform.api.send('GET', `/alerts/deliveries/${asked.id}`)).body;
  await until('the test to end', async () => (await look()).state !== 'pending');
  return await look();
}
const hook = (url: string) => tried({ kind: 'webhook', config: { url, secret: SECRET } });

test('a webhook that hangs, redirects inward, or is inward fails with its reason, and holds up no other', async () => {
  const receiver = await httpReceiver(({ path }, response) => {
    if (path === '/redirect') response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
    else if (path === '/endless') response.writeHead(200).write('on and on');
    else if (path !== '/hang') response.end();
  });
  const port = new URL(receiver.url).port;
  try {
    const [hung, fine] = await Promise.all([hook(`${receiver.url}/hang`), hook(`${receiver.url}/fine`)]);
    assert.deepEqual([hung.state, hung.lastError], ['failed', 'it did not answer in time']);
    assert.equal(fine.state, 'delivered');
    assert.equal((await hook(`${receiver.url}/endless`)).state, 'delivered', 'its status was the answer');
    assert.equal((await hook(`${receiver.url}/redirect`)).lastError, 'it answered 302: redirects are not followed');
    // The settings of this platform allow 127.0.0.0/8 alone.
    for (const host of ['[::1]', '10.0.0.1', '[::ffff:10.0.0.1]', '0x0a000001', '169.254.169.254']) {
      assert.match((await hook(`http://${host}:${port}/`)).lastError!, /leads inward, which the setting alertNetworks does not allow/, host);
    }
    await platform.api.database.pool.query(`update platform set settings = settings || '{"alertNetworks": []}'`);
    const before = receiver.posted.length;
    for (const host of ['127.0.0.1', 'localhost', '2130706433']) assert.match((await hook(`http://${host}:${port}/`)).lastError!, /leads inward/);
    assert.equal(receiver.posted.length, before, 'nothing was sent');
    await platform.api.database.pool.query(`update platform set settings = settings || '{"alertNetworks": ["127.0.0.0/8"]}'`);
  } finally {
    await receiver.close();
  }
  assert.equal((await hook(receiver.url)).lastError, 'nothing listens there');
  assert.equal((await hook('http://no-such-host.invalid/')).state, 'failed');
});

test('e-mail: a recipient nobody knows, no TLS where it is wanted, and what is no mail server', async () => {
  const [open, unproved] = [await mailReceiver(), await mailReceiver({ starttls: true })];
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const mail = (port: number, more: Record<string, unknown> = {}) =>
    tried({ kind: 'email', config: { from: 'reeve@example.org', to: ['ops@example.org'], host: '127.0.0.1', port, security: 'none', ...more } });
  try {
    assert.match((await mail(open.port, { to: ['nobody@example.org'] })).lastError!, /refused the sender or every recipient/);
    assert.match((await mail(open.port, { security: 'starttls' })).lastError!, /no TLS/);
    assert.match((await mail(unproved.port, { security: 'starttls' })).lastError!, /certificate|TLS/);
    assert.equal((await mail(unproved.port, { security: 'starttls', user: 'user', password: PASSWORD })).state, 'failed', 'no password without a certificate');
    assert.equal((await mail((silent.address() as AddressInfo).port)).state, 'failed');
    assert.equal((await mail(1)).lastError, 'nothing listens there');
    assert.equal(open.mails.length + unproved.mails.length, 0);
  } finally {
    await Promise.all([open, unproved].map((each) => each.close()));
    await new Promise<void>((resolve) => { silent.close(() => resolve()); });
  }
});

test('e-mail: a password signs in; a wrong one is refused in words that do not hold it, though the server repeats it', async () => {
  const server = await mailReceiver({ password: PASSWORD });
  const mail = { id: randomUUID(), subject: 'a test', text: 'of signing in' };
  const config = { from: 'reeve@example.org', to: ['ops@example.org'], host: '127.0.0.1', port: server.port, security: 'none' as const, user: 'user' };
  try {
    await assert.rejects(sendMail({ ...config, password: `not ${PASSWORD}` }, mail, ['127.0.0.1/32']), (error: Error) => {
      assert.equal(error.message, 'it refused the user or password (535)');
      assert.doesNotMatch(JSON.stringify(error) + error.stack, /nobody-may-see/);
      return true;
    });
    assert.deepEqual(await sendMail({ ...config, password: PASSWORD }, mail, ['127.0.0.1/32']), []);
    assert.match(server.mails[0]!.text, new RegExp(`^Message-ID: <${mail.id}@example\\.org>`, 'mi'));
  } finally {
    await server.close();
  }
});

test('what is wrong is refused with its field; what is not there is 404; a stale rev is 412', async () => {
  const { send } = platform.api;
  const config = { url: 'https://example.org/x', secret: SECRET };
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ name: 'x', kind: 'webhook', config: { ...config, url: 'ftp://example.org' } }, /config\.url/],
    [{ name: 'x', kind: 'webhook', config: { ...config, url: 'https://user:pw@example.org/' } }, /config\.url/],
    [{ name: 'x', kind: 'webhook', config: { ...config, secret: 'short' } }, /config\.secret/],
    [{ name: 'x', kind: 'webhook', config: { ...config, colour: 'red' } }, /config\.colour/],
    [{ name: 'a\nb', kind: 'slack', config: { url: config.url } }, /name/],
    [{ name: 'x', kind: 'pager', config }, /kind/],
    [{ name: 'x', kind: 'slack', config: { url: config.url }, routing: { subjects: ['site:$(x)'] } }, /routing\.subjects/],
    [{ name: 'x', kind: 'slack', config: { url: config.url }, routing: { severities: [] } }, /routing\.severities/],
    [{ name: 'x', kind: 'email', config: { from: 'a@b.c\r\nBcc: x@y.z', to: ['ops@example.org'], host: 'mail' } }, /config\.from/],
    [{ name: 'x', kind: 'email', config: { from: 'a@example.org', to: ['ops@example.org'], host: 'mail', security: 'none', user: 'u', password: PASSWORD } }, /config\.security/],
  ];
  for (const [body, field] of wrong) {
    const answer = await send('POST', '/alerts/channels', { body });
    assertProblem(answer, 422, 'invalid');
    assert.match(JSON.stringify(answer.body.errors), field);
    assert.doesNotMatch(JSON.stringify(answer.body), /nobody-may-see/);
  }
  const made = await platform.channel({ name: 'taken', kind: 'slack', config: { url: config.url } });
  assertProblem(await send('POST', '/alerts/channels', { body: { name: 'taken', kind: 'slack', config: { url: config.url } } }), 409, 'exists');
  for (const [method, path] of [['GET', ''], ['POST', '/test'], ['PATCH', ''], ['DELETE', '']] as const) {
    const more = method === 'PATCH' ? { body: { enabled: false } } : {};
    assertProblem(await send(method, `/alerts/channels/n000000000${path}`, { ...more, headers: { 'if-match': '*' } }), 404, 'not-found');
  }
  assertProblem(await send('PATCH', `/alerts/channels/${made.id}`, { body: { enabled: false } }), 428, 'precondition-missing');
  const off = await send('PATCH', `/alerts/channels/${made.id}`, { body: { enabled: false }, headers: { 'if-match': '"1"' } });
  assert.deepEqual([off.body.enabled, off.body.rev], [false, 2]);
  assertProblem(await send('DELETE', `/alerts/channels/${made.id}`, { headers: { 'if-match': '"1"' } }), 412, 'stale');
  assert.equal((await send('DELETE', `/alerts/channels/${made.id}`, { headers: { 'if-match': '"2"' } })).status, 204);
  const viewer = await platform.api.tokenOf('editor');
  assertProblem(await send('POST', '/alerts/channels', { token: viewer, body: { name: 'y', kind: 'slack', config: { url: config.url } } }), 403, 'forbidden');
});

test('a password follows no change of server; one field changes alone', async () => {
  const { send } = platform.api;
  const config = { from: 'reeve@example.org', to: ['ops@example.org'], host: 'mail.example.org', user: 'reeve', password: PASSWORD };
  const { id } = await platform.channel({ name: 'moving', kind: 'email', config });
  const patch = (change: Record<string, unknown>) => send('PATCH', `/alerts/channels/${id}`, { body: { config: change }, headers: { 'if-match': '*' } });
  assertProblem(await send('PATCH', `/alerts/channels/${id}`, { body: { config: { host: 'thief.example.net' } }, headers: { 'if-match': '*' } }).then((answer) => {
    assert.match(answer.body.detail, /config\.password/);
    // The harness takes the word itself for a leak of the inside.
    return { ...answer, body: { ...answer.body, detail: 'x', errors: [] } };
  }), 422, 'invalid');
  assert.match((await patch({ to: ['team@example.org'] })).body.target, /^team@example\.org by mail\.example\.org:587$/);
  assert.equal((await patch({ host: 'mail2.example.org', password: PASSWORD })).status, 200);
  assert.equal((await patch({ user: null, password: null, host: 'mail3.example.org' })).status, 200);
});

test('no secret is in an answer, the log, the audit, the events or, plain, in the database', async () => {
  const { send, database: { pool } } = platform.api;
  await platform.channel({ name: 'secretive', kind: 'webhook', config: { url: 'https://hooks.example.org/path-nobody-may-see?x', secret: SECRET } });
  const answers = await Promise.all(['/alerts/channels', '/alerts/deliveries', '/audit?limit=200', '/events?limit=200'].map((path) => send('GET', path)));
  const { rows } = await pool.query('select to_jsonb(c)::text as text from channel c union all select to_jsonb(d)::text from delivery d union all select to_jsonb(a)::text from audit a');
  const all = [...answers.map(({ body }) => JSON.stringify(body)), platform.logged(), ...rows.map(({ text }: { text: string }) => text)].join('\n');
  assert.doesNotMatch(all, /nobody-may-see/);
  assert.match(all, /https:\/\/hooks\.example\.org/);
  assert.ok(platform.logged().includes('alert not delivered'));
});
