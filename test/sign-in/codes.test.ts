/** Codes of an app, and those for whoever has lost it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newTotpSecret, qrCode, stepOfCode, totpUri } from '../../src/sign-in/one-time-code.ts';
import { hashOfRecoveryCode, newRecoveryCodes } from '../../src/sign-in/recovery-codes.ts';

// RFC 6238, appendix B: the secret `12345678901234567890`, last six of its eight digits.
const RFC = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

test('codes are those of RFC 6238, and each says of which half minute it is', () => {
  assert.equal(stepOfCode(RFC, '287082', 59_000), 1);
  assert.equal(stepOfCode(RFC, '081804', 1_111_111_109_000), 37_037_036);
  assert.equal(stepOfCode(RFC, '005 924', 1_234_567_890_000), 41_152_263);
});

test('a neighbour’s code is taken as the neighbour’s, one further away is not', () => {
  assert.equal(stepOfCode(RFC, '287082', 59_000 + 30_000), 1);
  assert.equal(stepOfCode(RFC, '287082', 59_000 - 30_000), 1);
  assert.equal(stepOfCode(RFC, '287082', 59_000 + 61_000), null);
});

test('what is no code is none', () => {
  for (const typed of ['', '28708', '2870822', 'abcdef', '２８７０８２', '287082\n1']) assert.equal(stepOfCode(RFC, typed, 59_000), null);
});

test('a secret is 160 bits, new each time, and its QR code is an SVG without styles or scripts', () => {
  const secret = newTotpSecret();
  assert.match(secret, /^[A-Z2-7]{32}$/);
  assert.notEqual(secret, newTotpSecret());
  const uri = totpUri(secret, 'ada+<x>@example.org');
  assert.match(uri, new RegExp(`^otpauth://totp/Reeve:ada%2B%3Cx%3E%40example.org\\?.*secret=${secret}`));
  const svg = qrCode(uri);
  assert.match(svg, /^<svg [^>]*>/);
  assert.doesNotMatch(svg, /style|script|<x>/);
});

test('a recovery code is known again however it is written, and nothing else is', () => {
  const codes = newRecoveryCodes();
  assert.equal(new Set(codes.map(({ text }) => text)).size, 10);
  const { text, hash } = codes[0]!;
  assert.match(text, /^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
  assert.deepEqual(hashOfRecoveryCode(text), hash);
  assert.deepEqual(hashOfRecoveryCode(` ${text.toUpperCase().replaceAll('-', '')} `), hash);
  assert.deepEqual(hashOfRecoveryCode(text.replaceAll('0', 'O').replaceAll('1', 'l')), hash);
  for (const typed of ['', text.slice(1), `${text}x`, text.replace(/.$/, 'u'), '123456']) assert.equal(hashOfRecoveryCode(typed), null);
});
