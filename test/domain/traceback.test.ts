/** The last traceback of a log, as a person gets to see it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskedText } from '../../src/domain/mask.ts';
import { lastTraceback } from '../../src/domain/traceback.ts';

const frames = (count: number) => Array.from({ length: count }, (_, i) => `  File "/srv/code/shop/views.py", line ${i}, in front\n    return each(${i})`).join('\n');
const one = `Traceback (most recent call last):\n${frames(2)}\nValueError: no shop today`;

test('it is the last one, from its first line to its exception', () => {
  const log = ['[uWSGI] starts', one.replace('today', 'yesterday'), '2026-11-25 03:00:00 ERROR django.request: Internal Server Error: /', one, 'spawned uWSGI worker 1'].join('\n');
  assert.equal(lastTraceback(log), one);
});

test('what follows an exception’s line and is indented belongs to it', () => {
  assert.equal(lastTraceback(`${one}\n  - host: a\n  - host: b\nnext line`), `${one}\n  - host: a\n  - host: b`);
});

test('none is none, and one that is still being written is not told', () => {
  assert.equal(lastTraceback('all is well\n'), null);
  assert.equal(lastTraceback(''), null);
  assert.equal(lastTraceback(`Traceback (most recent call last):\n${frames(1)}\n`), null);
});

test('a line before it on the same line is no part of it', () => {
  assert.equal(lastTraceback(`2026-11-25 ERROR: ${one}\n`), one);
});

test('a long one keeps its beginning and its end', () => {
  const found = lastTraceback(`Traceback (most recent call last):\n${frames(500)}\nRecursionError: ${'x'.repeat(1_000)}\n`)!.split('\n');
  assert.equal(found.length, 40);
  assert.match(found[5]!, /… 963 lines …/);
  assert.match(found.at(-1)!, /^RecursionError: x{384}$/);
});

test('secrets are masked wherever they stand', () => {
  const text = maskedText(`connect(password='hunter2', url=postgres://s1:hunter22@db/s1) with k-123456\nValueError: k-123456`, ['k-123456']);
  assert.doesNotMatch(text, /hunter2|k-123456/);
  assert.match(text, /\*\*\*\nValueError: \*\*\*/);
});
