import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayGoTo } from '../../src/alerts/inward.ts';
import { outward } from '../../src/alerts/outward.ts';

test('loopback, private, link-local and disguised addresses are inward; the settings open what they name', () => {
  const inward = ['127.0.0.1', '127.8.8.8', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '224.0.0.1', '255.255.255.255',
    '::', '::1', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', 'not an address', ''];
  for (const address of inward) assert.equal(mayGoTo(address, []), false, address);
  for (const address of ['1.1.1.1', '172.15.0.1', '172.32.0.1', '192.167.1.1', '2606:4700::1111', '::ffff:1.1.1.1']) assert.equal(mayGoTo(address, []), true, address);
  assert.equal(mayGoTo('10.1.2.3', ['10.1.0.0/16']), true);
  assert.equal(mayGoTo('::ffff:10.1.2.3', ['10.1.0.0/16']), true);
  assert.equal(mayGoTo('10.2.2.3', ['10.1.0.0/16', 'fd00::/8']), false);
  assert.equal(mayGoTo('fd12::1', ['fd00::/8']), true);
});

test('a name is judged by the addresses it has', async () => {
  await assert.rejects(outward('localhost', []), /leads inward/);
  assert.ok((await outward('localhost', ['127.0.0.0/8', '::1/128'])).length > 0);
});
