import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseEnd } from '../../src/cli/until.ts';
import { isReeveError } from '../../src/domain/errors.ts';

// A Wednesday, at noon where this runs.
const NOW = new Date(2026, 10, 25, 12, 0, 0);
const local = (...at: [number, number, number, number, number, number]) => new Date(...at).toISOString();

describe('an end as a person writes it', () => {
  test('days last until they are over here; the same weekday is today', () => {
    assert.equal(parseEnd('friday', NOW), local(2026, 10, 27, 23, 59, 59));
    assert.equal(parseEnd('Wednesday', NOW), local(2026, 10, 25, 23, 59, 59));
    assert.equal(parseEnd('tuesday', NOW), local(2026, 11, 1, 23, 59, 59));
    assert.equal(parseEnd('2027-02-28', NOW), local(2027, 1, 28, 23, 59, 59));
  });

  test('moments and durations', () => {
    assert.equal(parseEnd('2030-01-31T17:00:00Z', NOW), '2030-01-31T17:00:00.000Z');
    assert.equal(parseEnd('2030-01-31T17:00:00+02:00', NOW), '2030-01-31T15:00:00.000Z');
    assert.equal(parseEnd('3d', NOW), new Date(NOW.getTime() + 3 * 86_400_000).toISOString());
  });

  test('what is none, or has passed, says so', () => {
    for (const text of ['', 'soon', '3', '2027-02-30', '2027-13-01', '2030-01-31T99:00:00Z', '2026-11-24', '2020-01-01T00:00:00Z', '0d']) {
      assert.throws(() => parseEnd(text, NOW), (error) => isReeveError(error, 'bad-request') && /an end is like|has passed/.test(error.message), text);
    }
  });
});
