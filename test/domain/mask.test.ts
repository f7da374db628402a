/** Secrets in text that people see: none of it stays, whichever secret holds another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maskedText, withoutSecrets } from '../../src/domain/mask.ts';

/** A few letters, so that one often holds another. */
const secret = fc.string({ unit: fc.constantFrom('a', 'b', '1', '$', '&'), minLength: 6, maxLength: 12 });
const around = fc.string({ unit: fc.constantFrom('.', ' ', '\n'), maxLength: 5 });
/** A secret, and others that are made of it: its beginning, its end, with something before and after. */
const family = fc.tuple(secret, secret).map(([one, two]) => [one, `${one}${two}`, `${two}${one}`, `${two}${one}${two}`, two]);

test('a secret is masked whole, also where it holds another one, in whatever order they are known', () => {
  fc.assert(fc.property(
    family.chain((secrets) => fc.tuple(fc.shuffledSubarray(secrets, { minLength: 1 }), fc.array(fc.tuple(around, fc.nat()), { minLength: 1, maxLength: 5 }))),
    ([secrets, parts]) => {
      const said = parts.map(([between, n]) => `|${between}|${secrets[n % secrets.length]}`).join('');
      assert.equal(withoutSecrets(said, secrets), parts.map(([between]) => `|${between}|***`).join(''));
    }));
});

test('what a site said shows nothing of a secret that begins as another one does', () => {
  assert.equal(maskedText('no entry for s3cret-and-more', ['s3cret', 's3cret-and-more']), 'no entry for ***');
});
