/** Incidents reach people through every kind of channel; what fails is tried again, in order, and nothing is said twice. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { alertWebhookSchema } from '../../src/domain/resources/alert.ts';
import { until } from '../local/wait.ts';
import { type AlertPlatform, alertPlatform } from './platform.ts';
import { httpReceiver, mailReceiver } from './receiver.ts';

const SECRET = 'a-signing-key-of-some-length';
let platform: AlertPlatform;
before(async () => { platform = await alertPlatform(); });
after(() => platform?.close());

test('opened and resolved, once each, signed; acknowledged is silence', async () => {
  const receiver = await httpReceiver();
  const channel = await platform.channel({ name: 'signed', kind: 'webhook', config: { url: `${receiver.url}/in?key=hidden`, secret: SECRET }, routing: { severities: ['critical'], subjects: ['site:*'] } });
  const { pool } = platform.api.database;
  const first = await platform.incident({ subject: 'site:s000000001', title: 'Alpha answers 500' });
  const second = await platform.incident({ subject: 'site:s000000002' });
  const silent = await platform.incident({ subject: 'site:s000000003' });
  await pool.query(`update incident set state = 'acknowledged' where id = $1`, [silent]);
  await platform.incident({ subject: 'container:c000000001' });
  await platform.incident({ subject: 'site:s000000004', severity: 'warning' });
  const loops = [platform.dispatcher(), platform.dispatcher()];
  try {
    await until('the message', async () => receiver.posted.length > 0);
    await pool.query(`update incident set state = 'closed', closed_at = clock_timestamp(), closed_why = 'it answers again' where id = any($1)`, [[first, second, silent]]);
    await until('the end of it', async () => (await platform.deliveries(channel.id)).filter(({ state }) => state === 'delivered').length === 2);
    // As the OpenAPI document says it.
    const messages = receiver.posted.map(({ body }) => alertWebhookSchema.parse(JSON.parse(body)));
    assert.deepEqual(messages.map(({ kind, count }) => [kind, count]), [['opened', 2], ['resolved', 2]], 'one message for both, and none for the silent one');
    assert.deepEqual(messages[0]!.incidents.map(({ id }) => id), [first, second]);
    assert.match(messages[1]!.incidents[0]!.closedWhy!, /answers again/);
    for (const { headers, body } of receiver.posted) {
      const expected = createHmac('sha256', SECRET).update(`${headers['x-reeve-timestamp']}.${body}`).digest('hex');
      assert.equal(headers['x-reeve-signature'], `v1=${expected}`);
      assert.equal(headers['x-reeve-delivery'], JSON.parse(body).delivery);
    }
    assert.equal((await platform.deliveries(channel.id)).length, 2);
  } finally {
    await Promise.all(loops.map((loop) => loop.stop()));
    await receiver.close();
  }
});

test('what answers 500 is tried again with the same id, and what comes later waits for it', async () => {
  let broken = true;
  const receiver = await httpReceiver((_, response) => void response.writeHead(broken ? 500 : 200).end('secret words of the receiver'));
  const channel = await platform.channel({ name: 'flaky', kind: 'webhook', config: { url: receiver.url, secret: SECRET }, routing: { severities: ['info'] } });
  const { pool } = platform.api.database;
  const incident = await platform.incident({ subject: 'platform', severity: 'info' });
  const loop = platform.dispatcher();
  try {
    await until('a failure', async () => (await platform.deliveries(channel.id))[0]?.lastError === 'it answered 500');
    await pool.query(`update incident set state = 'closed', closed_at = clock_timestamp() where id = $1`, [incident]);
    await until('its end in the queue', async () => (await platform.deliveries(channel.id)).length === 2);
    const [resolved, opened] = await platform.deliveries(channel.id);
    assert.deepEqual([resolved!.state, resolved!.attempts, opened!.state], ['pending', 0, 'pending']);
    broken = false;
    const changed = await platform.api.send('PATCH', `/alerts/channels/${channel.id}`, { body: { name: 'mended' }, headers: { 'if-match': '*' } });
    assert.equal(changed.status, 200, 'a change of the channel tries again at once');
    await until('both', async () => (await platform.deliveries(channel.id)).every(({ state }) => state === 'delivered'));
    const kinds = receiver.posted.map(({ body }) => JSON.parse(body).kind);
    assert.deepEqual(kinds.slice(-2), ['opened', 'resolved']);
    assert.equal(new Set(receiver.posted.filter(({ body }) => JSON.parse(body).kind === 'opened').map(({ headers }) => headers['x-reeve-delivery'])).size, 1);
  } finally {
    await loop.stop();
    await receiver.close();
  }
});

test('a sender that is killed in the middle is made up for: its delivery is sent again under its id', async () => {
  let hang = true;
  const receiver = await httpReceiver((_, response) => void (hang || response.end()));
  const { database: { pool, url }, alertsKey } = platform.api;
  const channel = await platform.channel({ name: 'revived', kind: 'webhook', config: { url: receiver.url, secret: SECRET }, routing: { severities: ['info'], subjects: ['database:*'] } });
  const incident = await platform.incident({ subject: 'database:local', severity: 'info' });
  const sender = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('sender.ts', import.meta.url)), url, alertsKey.toString('hex')], { stdio: 'inherit' });
  const gone = once(sender, 'exit');
  try {
    await until('a request that hangs', () => receiver.posted.length === 1);
    sender.kill('SIGKILL');
    await gone;
    hang = false;
    const [left] = await platform.deliveries(channel.id);
    assert.deepEqual([left!.state, left!.attempts, left!.incidents], ['pending', 1, [incident]], 'claimed, and not given up');
    // A minute later, when the claim is over.
    await pool.query(`update delivery set next_at = clock_timestamp() where id = $1`, [left!.id]);
    const loop = platform.dispatcher();
    await until('the same again', async () => (await platform.deliveries(channel.id))[0]!.state === 'delivered');
    await loop.stop();
    assert.deepEqual(receiver.posted.map(({ headers }) => headers['x-reeve-delivery']), [left!.id, left!.id]);
  } finally {
    sender.kill('SIGKILL');
    await gone;
    await receiver.close();
  }
});

test('a channel that was off says what still holds when it is on again, and nothing of what is over', async () => {
  const receiver = await httpReceiver();
  const { pool } = platform.api.database;
  const channel = await platform.channel({ name: 'resting', kind: 'webhook', enabled: false, config: { url: receiver.url, secret: SECRET }, routing: { subjects: ['container:c00000009*'] } });
  const [over, lasting] = [await platform.incident({ subject: 'container:c000000091' }), await platform.incident({ subject: 'container:c000000092' })];
  await pool.query(`update incident set state = 'closed', closed_at = clock_timestamp() where id = $1`, [over]);
  // As it is left when it was turned off with a message in the queue.
  await pool.query('insert into told (channel, incident) values ($1, $2)', [channel.id, lasting]);
  const loop = platform.dispatcher();
  try {
    assert.equal((await platform.api.send('PATCH', `/alerts/channels/${channel.id}`, { body: { enabled: true }, headers: { 'if-match': '"1"' } })).status, 200);
    await until('the message', () => receiver.posted.length > 0);
    const message = JSON.parse(receiver.posted[0]!.body);
    assert.deepEqual([message.kind, message.incidents.map(({ id }: { id: number }) => id)], ['opened', [lasting]]);
  } finally {
    await loop.stop();
    await receiver.close();
  }
});

test('e-mail and Slack say the same; who is refused is named, and the others have theirs', async () => {
  const [mail, slack] = [await mailReceiver(), await httpReceiver()];
  const routing = { severities: ['warning'], subjects: ['hostname:*.example.org'] };
  const config = { from: 'reeve@example.org', to: ['ops@example.org', 'nobody@example.org'], host: '127.0.0.1', port: mail.port, security: 'none' };
  const byMail = await platform.channel({ name: 'mail', kind: 'email', config, routing });
  const bySlack = await platform.channel({ name: 'slack', kind: 'slack', config: { url: `${slack.url}/services/T0/B0/x` }, routing });
  await platform.incident({ subject: 'hostname:www.example.org', severity: 'warning', title: 'www is slow\r\nBcc: <!channel> everyone@example.org <img src=x>' });
  const loop = platform.dispatcher();
  try {
    await until('both', async () => mail.mails.length > 0 && slack.posted.length > 0
      && (await platform.deliveries(byMail.id))[0]?.state === 'delivered' && (await platform.deliveries(bySlack.id))[0]?.state === 'delivered');
    assert.deepEqual(mail.mails[0]!.to, ['ops@example.org']);
    assert.match(mail.mails[0]!.text, /^Subject: \[Reeve localhost\] warning: www is slow Bcc:/m);
    assert.doesNotMatch(mail.mails[0]!.text, /^Bcc:/m);
    // Markup in plain text is text.
    assert.match(mail.mails[0]!.text, /^Content-Type: text\/plain/m);
    assert.doesNotMatch(mail.mails[0]!.text, /text\/html/);
    assert.equal((await platform.deliveries(byMail.id))[0]!.lastError, 'refused: nobody@example.org');
    const said = JSON.parse(slack.posted[0]!.body);
    assert.match(said.text, /&lt;!channel&gt;/, 'nothing of a title is markup');
    assert.doesNotMatch(slack.posted[0]!.body, /<!channel>/);
  } finally {
    await loop.stop();
    await Promise.all([mail.close(), slack.close()]);
  }
});
