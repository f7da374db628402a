/** `reeve alert …` on the real API, with a real dispatcher and receiver. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startAlerts } from '../../src/control/alerts.ts';
import type { Loop } from '../../src/control/loop.ts';
import { createLog } from '../../src/log.ts';
import { type HttpReceiver, httpReceiver } from '../alerts/receiver.ts';
import { type Platform, startPlatform } from './platform.ts';
import { reeve } from './program.ts';

let platform: Platform;
let dispatcher: Loop;
let receiver: HttpReceiver;
before(async () => {
  platform = await startPlatform();
  const { database: { pool, url }, alertsKey } = platform.api;
  receiver = await httpReceiver(({ path }, response) => void response.writeHead(path === '/broken' ? 500 : 204).end());
  dispatcher = startAlerts({ pool, url, alertsKey, log: createLog({}, () => {}), everyMs: 100 });
});
after(async () => {
  await dispatcher?.stop();
  await receiver?.close();
  await platform?.close();
});

test('a channel is added, tried, listed and removed; its key is printed once', async () => {
  const { run } = platform;
  const added = await run('alert', 'channel', 'add', 'webhook', 'on-call', '--url', `${receiver.url}/hook-path`, '--severity', 'critical');
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stdout, /^[\w-]{43}\n$/);
  const refused = await run('alert', 'channel', 'test', 'on-call');
  assert.equal(refused.code, 9);
  assert.match(refused.stderr, /127\.0\.0\.1 leads inward, which the setting alertNetworks does not allow/);
  await platform.client.request('PATCH', '/settings', { body: { alertNetworks: ['127.0.0.1/32'] }, ifMatch: '*' });
  const reached = await run('alert', 'channel', 'test', 'on-call');
  assert.equal(reached.code, 0, reached.stderr);
  assert.equal(JSON.parse(receiver.posted[0]!.body).kind, 'test');
  const list = await run('alert', 'channel', 'list');
  assert.match(list.stdout, /on-call +webhook +http:\/\/127\.0\.0\.1:\d+ +critical +any +delivered/);
  assert.doesNotMatch(list.stdout + JSON.stringify(await platform.json('alert', 'channel', 'list')), /hook-path/);
  const log = await run('alert', 'deliveries', '--channel', 'on-call');
  assert.match(log.stdout, /test +- +delivered/);
  assert.match(log.stdout, /test +- +failed +1 +127\.0\.0\.1 leads inward/);
  assert.match((await run('alert', 'channel', 'remove', 'on-cal', '--yes')).stderr, /did you mean on-call\?/);
  assert.equal((await run('alert', 'channel', 'remove', 'on-call', '--yes')).code, 0);
  assert.equal((await platform.client.request('GET', '/alerts/channels')).items.length, 0);
});

test('what is secret is read from stdin, and what fails says why', async () => {
  const added = await reeve(['alert', 'channel', 'add', 'slack', 'team', '--url-file', '-'], platform.env, `${receiver.url}/broken\n`);
  assert.equal(added.code, 0, added.stderr);
  const failed = await platform.run('alert', 'channel', 'test', 'team');
  assert.equal(failed.code, 9);
  assert.match(failed.stderr, /team was not reached: it answered 500/);
  assert.equal((await platform.run('alert', 'channel', 'add', 'pigeon', 'coop')).code, 2);
  const incomplete = await platform.run('alert', 'channel', 'add', 'email', 'ops', '--from', 'not an address', '--to', 'ops@example.org', '--smtp', 'mail.example.org:x');
  assert.equal(incomplete.code, 2);
  assert.match(incomplete.stderr, /config\.from/);
});
