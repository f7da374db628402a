import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSortedLines } from '../../src/render/sorted.ts';

test('whatever is set and removed, the text is that of the sorted lines', () => {
  const key = fc.stringMatching(/^[a-d]{1,3}$/);
  const step = fc.oneof(
    fc.record({ key, line: fc.string({ maxLength: 3 }) }),
    fc.record({ key, line: fc.constant(null) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
    const lines = createSortedLines();
    const model = new Map<string, string>();
    for (const { key, line } of steps) {
      if (line === null) lines.delete(key);
      else lines.set(key, line);
      if (line === null) model.delete(key);
      else model.set(key, line);
      const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => `${text}\n`).join('');
      assert.equal(lines.text(), expected);
    }
    assert.deepEqual(new Map(lines.entries()), model);
  }), { numRuns: 50 });
});

test('blocks split and vanish: 2,000 lines, each set, changed and removed in another order', () => {
  const lines = createSortedLines();
  const numbers = Array.from({ length: 2_000 }, (_, i) => (i * 997) % 2_000);
  const name = (n: number) => String(n).padStart(5, '0');
  for (const n of numbers) lines.set(name(n), `a${n}`);
  for (const n of numbers.toReversed()) lines.set(name(n), `b${n}`);
  assert.equal(lines.text(), Array.from({ length: 2_000 }, (_, n) => `b${n}\n`).join(''));
  const text = lines.text();
  lines.set(name(7), 'b7');
  assert.ok(Object.is(lines.text(), text));
  for (const n of numbers) lines.delete(name(n));
  assert.equal(lines.text(), '');
  lines.set('x', 'y');
  assert.equal(lines.text(), 'y\n');
});
