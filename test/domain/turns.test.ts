/** Whose turn it is, where more fails than one look handles. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../../src/domain/diagnosis.ts';
import { inTurn } from '../../src/domain/turns.ts';

const fault = (subject: string, severity: Fault['severity']): Fault => ({ domain: 'site', subject, cause: 'down-everywhere', severity, title: 'x', sites: [], seen: [] });
const faults = (severity: Fault['severity'], count: number) => Array.from({ length: count }, (_, i) => fault(`${severity} ${i}`, severity));

/** Looks one after the other, as the judge does: what is handled is told, and seen then. @returns the subjects of each look */
function looks(all: readonly Fault[], most: number, count: number): string[][] {
  const seenAt = new Map<string, number>();
  return Array.from({ length: count }, (_, look) => {
    const told = [...seenAt].map(([subject, at]) => ({ subject, cause: 'down-everywhere', seenAt: at }));
    const handled = inTurn(all, told, most).map(({ subject }) => subject);
    for (const [n, subject] of handled.entries()) seenAt.set(subject, 1_000 * (look + 1) + n);
    return handled;
  });
}

test('what fits is handled at each look, critical first', () => {
  const all = [...faults('warning', 2), ...faults('critical', 2)];
  for (const handled of looks(all, 4, 3)) assert.deepEqual(handled, ['critical 0', 'critical 1', 'warning 0', 'warning 1']);
});

test('a critical fault is handled at each look, however many others wait; each of these has its turn', () => {
  const handled = looks([...faults('warning', 25), ...faults('critical', 1)], 10, 6);
  assert.ok(handled.every((each) => each[0] === 'critical 0' && each.length === 10));
  assert.equal(new Set(handled.slice(0, 3).flat()).size, 26, 'all are told by the third look');
  assert.equal(new Set(handled.slice(3).flat()).size, 26, 'and handled again by the sixth');
});

test('of more critical faults than fit each has its turn, and the others are told all the same', () => {
  const handled = looks([...faults('warning', 3), ...faults('critical', 30)], 8, 10);
  assert.ok(handled.every((each) => each.length === 8));
  assert.equal(new Set(handled.slice(0, 2).flat().filter((subject) => subject.startsWith('warning'))).size, 3);
  assert.equal(new Set(handled.slice(0, 5).flat()).size, 33);
  assert.equal(new Set(handled.slice(5).flat()).size, 33);
});
