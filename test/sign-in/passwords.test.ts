/** Passwords: kept as hashes that rise with the parameters, refused when guessers would try them early. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash } from '@node-rs/argon2';
import { isReeveError, type ReeveError } from '../../src/domain/errors.ts';
import { createGate } from '../../src/sign-in/gate.ts';
import { requireGoodPassword } from '../../src/sign-in/password-policy.ts';
import { checkPassword, hashPassword } from '../../src/sign-in/passwords.ts';

const GOOD = 'paul the octopus';

test('a password is right with its own hash alone, in any way to write its letters', async () => {
  const stored = await hashPassword('Zoë the octopus');
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.deepEqual(await checkPassword(stored, 'Zoe\u0308 the octopus'), { right: true, rehashed: null });
  assert.equal((await checkPassword(stored, 'Zoe the octopus')).right, false);
});

test('nobody’s password is never right, and is checked like any other', async () => {
  assert.deepEqual(await checkPassword(null, 'nobody has this password'), { right: false, rehashed: null });
  assert.deepEqual(await checkPassword('not a hash', GOOD), { right: false, rehashed: null });
});

test('a hash with other parameters is made anew when its password comes by', async () => {
  const old = await hash(GOOD, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
  const { right, rehashed } = await checkPassword(old, GOOD);
  assert.ok(right && rehashed);
  assert.deepEqual(await checkPassword(rehashed, GOOD), { right: true, rehashed: null });
  assert.equal((await checkPassword(old, 'another one')).rehashed, null);
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['short', /5 characters; it takes 12/], ['éééééé', /6 characters/], ['x'.repeat(257), /more than 256/], ['password1234', /guessers/],
  ['passwordpassword', /guessers/], ['123456789012', /guessers/], ['qwertyuiop12', /guessers/], ['a'.repeat(200), /guessers/],
  ['administrator', /guessers/], ['ada@example.org1', /guessers/],
];
for (const [password, words] of REFUSED) {
  test(`${password.slice(0, 20)} is refused, and the field is named`, async () => {
    await assert.rejects(requireGoodPassword(password, ['ada@example.org', 'Ada Lovelace'], 'new'), (error: ReeveError) => {
      assert.ok(isReeveError(error, 'invalid'));
      assert.match(error.message, words);
      assert.equal(error.fields.errors?.[0]?.path, 'new');
      assert.doesNotMatch(error.message, new RegExp(password.slice(0, 100)));
      return true;
    });
  });
}

test('a few words are good, also with spaces and in other scripts', async () => {
  for (const password of [GOOD, 'correct horse battery', 'лошадь батарея скрепка', 'xK9#vw2Lq8Zt']) await requireGoodPassword(password, ['ada@example.org']);
});

test('at the gate two go in, some wait, and the next is sent away at once', async () => {
  const gate = createGate({ atOnce: 2, waiting: 1, full: 'full' });
  const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let inside = 0;
  let most = 0;
  const work = (end: Promise<void>) => gate.through(async () => {
    most = Math.max(most, ++inside);
    await end;
    inside -= 1;
  });
  const all = [work(ends[0]!.promise), work(ends[1]!.promise), work(Promise.resolve())];
  await assert.rejects(work(Promise.resolve()), /full/);
  ends[0]!.resolve();
  await all[2];
  ends[1]!.resolve();
  await Promise.all(all);
  assert.equal(most, 2);
  await assert.rejects(gate.through(() => Promise.reject(new Error('its own'))), /its own/);
  assert.equal(await gate.through(async () => 7), 7);
});
