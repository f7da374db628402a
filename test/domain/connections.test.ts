import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireRoom, usableConnections } from '../../src/domain/connections.ts';
import { isReeveError } from '../../src/domain/errors.ts';

test('sites may be given four fifths of what a server takes, to the last one', () => {
  assert.deepEqual([100, 101, 4, 1].map(usableConnections), [80, 80, 3, 0]);
  requireRoom('local', { most: 100, given: 70, asked: 10 });
  assert.throws(() => requireRoom('local', { most: 100, given: 70, asked: 11 }), (error) =>
    isReeveError(error, 'conflict') && error.fields.free === 10 && /sites may be given 80: 70 are given, so 10 are free, and 11 do not fit/.test(error.message));
});

test('a server that was given away beyond it has none free; one that nobody has asked refuses nothing', () => {
  assert.throws(() => requireRoom('local', { most: 100, given: 95, asked: 2 }), (error) => isReeveError(error, 'conflict') && error.fields.free === 0);
  requireRoom('local', { most: null, given: 10_000, asked: 500 });
});
