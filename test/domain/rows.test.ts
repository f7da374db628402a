/** Rows that share most of theirs with others are as a Map that was copied and changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { differing, withChanges } from '../../src/domain/rows.ts';

type Row = { readonly n: number };
type Rows = ReadonlyMap<string, Row>;

const key = fc.integer({ min: 0, max: 40 }).map((n) => `k${n}`);
const change = fc.tuple(key, fc.option(fc.nat({ max: 3 }).map((n): Row => ({ n })), { nil: undefined }));
/** Each as one read brings them. Some hold more than is shared on top. */
const reads = fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 12 });
const many = (from: number) => Array.from({ length: 200 }, (_, n): [string, Row] => [`m${from + n}`, { n }]);

function copied(base: Rows, changes: ReadonlyMap<string, Row | undefined>): Rows {
  const copy = new Map(base);
  for (const [name, row] of changes) {
    if (row) copy.set(name, row);
    else copy.delete(name);
  }
  return copy;
}
const sorted = (pairs: Iterable<[string, Row]>) => [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));

function isSame(rows: Rows, expected: Rows): void {
  assert.equal(rows.size, expected.size);
  assert.deepEqual(sorted(rows), sorted(expected));
  assert.deepEqual(sorted(rows.entries()), sorted(expected));
  assert.deepEqual([...rows.keys()].sort(), [...expected.keys()].sort());
  assert.deepEqual([...rows.values()].map(({ n }) => n).sort(), [...expected.values()].map(({ n }) => n).sort());
  const seen: [string, Row][] = [];
  rows.forEach((row, name) => { seen.push([name, row]); });
  assert.deepEqual(sorted(seen), sorted(expected));
  for (const name of ['k0', 'k1', 'k40', 'm1', 'm300', 'none']) {
    assert.equal(rows.get(name), expected.get(name));
    assert.equal(rows.has(name), expected.has(name));
  }
}

test('after any changes the rows are those of a copy that was changed, and what they were made from is as it was', () => {
  fc.assert(fc.property(fc.array(change, { maxLength: 20 }), reads, fc.boolean(), (first, later, isLarge) => {
    let expected = copied(new Map(), new Map(first));
    let rows: Rows = new Map(expected);
    const versions: [Rows, Rows][] = [[rows, expected]];
    for (const [i, changes] of later.entries()) {
      const read = new Map<string, Row | undefined>(isLarge ? [...changes, ...many(100 * i)] : changes);
      [rows, expected] = [withChanges(rows, read), copied(expected, read)];
      versions.push([rows, expected]);
    }
    for (const [each, is] of versions) isSame(each, is);
  }));
});

test('what differs between any two states is found, where one was made from the other and where not', () => {
  fc.assert(fc.property(fc.array(change, { maxLength: 20 }), reads, reads, (first, one, other) => {
    const base: Rows = copied(new Map(), new Map(first));
    const follow = (some: typeof one) => some.reduce<Rows>((rows, changes) => withChanges(rows, new Map(changes)), base);
    const states = [base, follow(one), follow(other), new Map(follow(one)), new Map<string, Row>()];
    for (const before of states) {
      for (const after of states) {
        const expected = [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
        assert.deepEqual(differing(before, after).sort(), expected.sort());
      }
    }
  }));
});

test('rows that did not change are the very same', () => {
  const base: Rows = new Map([['a', { n: 1 }]]);
  assert.equal(withChanges(base, new Map()), base);
  const next = withChanges(base, new Map([['b', { n: 2 }]]));
  assert.equal(next.get('a'), base.get('a'));
  assert.deepEqual(differing(base, next), ['b']);
});
