import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookAtLeases, NO_MEMORY } from '../../src/domain/lease.ts';

/** One letter a container and look, 3 s apart: h holds, - lapsed; a dot is a look that did not happen. */
function lostAfter(...looks: string[]): string[] {
  let memory = NO_MEMORY;
  let lost: ReadonlySet<string> = new Set();
  looks.forEach((look, i) => {
    if (look === '.') return;
    ({ memory, lost } = lookAtLeases(memory, i * 3_000, [...look].map((letter, at) => ({ id: 'ABCDE'[at]!, incarnation: 1, holds: letter === 'h' }))));
  });
  return [...lost];
}
const times = (count: number, look: string) => Array.from({ length: count }, () => look);

test('a lapse counts when the others and the judge have written for long enough', () => {
  assert.deepEqual(lostAfter(...times(12, 'hhh'), '-hh'), ['A/1']);
});

test('a judge that has just begun, or was away, says nothing', () => {
  assert.deepEqual(lostAfter('-hh'), []);
  assert.deepEqual(lostAfter(...times(12, 'hhh'), '.', '.', '.', '-hh'), []);
  assert.deepEqual(lostAfter(...times(12, 'hhh'), '.', '.', '.', ...times(11, '-hh')), ['A/1']);
});

test('when most lapse at once, no one is lost', () => {
  assert.deepEqual(lostAfter(...times(20, 'hhh'), ...times(20, '---')), []);
  assert.deepEqual(lostAfter(...times(20, 'hhhh'), ...times(20, '---h')), []);
});

test('those who came back a moment ago are no witnesses yet', () => {
  assert.deepEqual(lostAfter(...times(20, 'hhh'), ...times(9, '---'), '-hh', '-hh'), []);
});

test('without any other witness nothing can be told', () => {
  assert.deepEqual(lostAfter(...times(20, 'h'), ...times(20, '-')), []);
});
