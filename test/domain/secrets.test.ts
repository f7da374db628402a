import assert from 'node:assert/strict';
import { hkdfSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  agentToken, databasePassword, decryptEnvValue, deriveSitesKey, djangoSecretKey, encryptEnvValue, loginKey, SecretUnreadable,
} from '../../src/domain/secrets.ts';

const key = deriveSitesKey(Buffer.alloc(32, 7));
const site = 's0123456a8';

test('each purpose, site and version has a secret of its own, always the same one', () => {
  const of = (k: Buffer, s: string, v: number) => [databasePassword(k, s, v), djangoSecretKey(k, s, v), loginKey(k, s, v), agentToken(k, s, v)];
  const all = [of(key, site, 1), of(key, site, 2), of(key, 's0123456a9', 1), of(deriveSitesKey(Buffer.alloc(32, 8)), site, 1)].flat();
  assert.equal(new Set(all).size, all.length);
  assert.deepEqual(of(key, site, 1), of(Buffer.from(key), site, 1));
  assert.match(databasePassword(key, site, 1), /^[A-Za-z0-9_-]{43}$/);
  assert.equal(djangoSecretKey(key, site, 1).length, 64);
  assert.match(loginKey(key, site, 1), /^[0-9a-f]{64}$/);
  assert.throws(() => databasePassword(Buffer.alloc(16), site, 1), RangeError);
});

test('these exact secrets are derived today: changing the derivation would lock every site out', () => {
  assert.equal(key.toString('hex'), '93936928b5dc44b0c54265ab888486ca534849ef194d803fc09e4d74683c5520');
  assert.equal(databasePassword(key, site, 1), 'AadBKY0SjYFew-Zpr9wsyDrzl7wQqsyj8A2ZdYC6jBE');
});

test('the derivation is HKDF-SHA256, as the system’s own library computes it', () => {
  const info = '8:reeve/v16:django10:s0123456a81:1';
  assert.equal(djangoSecretKey(key, site, 1), Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), info, 48)).toString('base64url'));
});

test('a variable comes back for its own site and name, and for nothing else', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (value) => {
    const stored = encryptEnvValue(key, site, 'TOKEN', value, randomBytes(12));
    assert.equal(decryptEnvValue(key, site, 'TOKEN', stored), value);
    for (const [k, s, n, text] of [
      [key, 's0123456a9', 'TOKEN', stored],
      [key, site, 'OTHER', stored],
      [deriveSitesKey(Buffer.alloc(32, 9)), site, 'TOKEN', stored],
      [key, site, 'TOKEN', `${stored.slice(0, -3)}AAA`],
      [key, site, 'TOKEN', stored.slice(0, 20)],
      [key, site, 'TOKEN', ''],
    ] as const) {
      if (text === stored && k === key && s === site && n === 'TOKEN') continue;
      assert.throws(() => decryptEnvValue(k, s, n, text), (error: Error) => error instanceof SecretUnreadable && (value.length < 8 || !error.message.includes(value)));
    }
  }), { numRuns: 200 });
});
