/** How long whoever fails to sign in has to wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BACK_OFF, remembered, waitFor } from '../../src/domain/back-off.ts';

const { account } = BACK_OFF;
const AT = 1_000_000_000;

test('the first failures cost nothing, then each doubles the wait, up to the most', () => {
  const waits = [0, 1, 4, 5, 6, 7, 9, 10, 11, 1_000].map((count) => waitFor({ count, lastAt: AT }, account, AT) / 1_000);
  assert.deepEqual(waits, [0, 0, 0, 1, 2, 4, 16, 30, 30, 30]);
});

test('the wait runs from the last failure, and all is forgotten in the end', () => {
  const failures = { count: 7, lastAt: AT };
  assert.equal(waitFor(failures, account, AT + 3_999), 1);
  assert.equal(waitFor(failures, account, AT + 4_000), 0);
  assert.equal(remembered(failures, account, AT + 4_000), 7);
  assert.equal(remembered(failures, account, AT + account.forgottenMs), 0);
});

test('nobody ever waits longer than the most, not even by a clock that was set back', () => {
  fc.assert(fc.property(fc.constantFrom(...Object.values(BACK_OFF)), fc.nat(), fc.integer(), (limits, count, later) => {
    const wait = waitFor({ count, lastAt: AT }, limits, AT + later);
    assert.ok(wait >= 0 && wait <= limits.mostMs);
  }));
});
