/**
 * Rows by key, as one state has them. A state made from another by a few changes shares the rest with it: among 20,000
 * hostnames a change neither copies them nor looks through them to find what it was. Pure.
 */

/** The row under each changed key; undefined: there is none any more. */
export type Changed<K, V> = ReadonlyMap<K, V | undefined>;

/** More changes than this on top of what is shared, and it is copied: copying 20,000 takes 2 ms, once in so many changes. */
const MOST_ON_TOP = 256;

/** `base` with these changes; `base` stays as it is. */
export function withChanges<K, V>(base: ReadonlyMap<K, V>, changes: Changed<K, V>): ReadonlyMap<K, V> {
  if (changes.size === 0) return base;
  const [shared, before] = base instanceof SharedRows ? [base.shared as ReadonlyMap<K, V>, base.onTop as Changed<K, V>] : [base, new Map<K, V | undefined>()];
  if (before.size + changes.size <= MOST_ON_TOP) return new SharedRows(shared, new Map([...before, ...changes]));
  const copy = new Map(base);
  for (const [key, row] of changes) {
    if (row === undefined) copy.delete(key);
    else copy.set(key, row);
  }
  return copy;
}

/** The keys under which two states have other rows, by identity: those of either. A few looks where one was made from the other. */
export function differing<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): K[] {
  if (before === after) return [];
  const [a, b] = [partsOf(before), partsOf(after)];
  const candidates = a.shared === b.shared ? new Set([...a.onTop.keys(), ...b.onTop.keys()]) : null;
  if (candidates) return [...candidates].filter((key) => before.get(key) !== after.get(key));
  const keys: K[] = [];
  // forEach makes no pair for each of the rows.
  after.forEach((row, key) => { if (before.get(key) !== row) keys.push(key); });
  before.forEach((_row, key) => { if (!after.has(key)) keys.push(key); });
  return keys;
}

const NONE: Changed<never, never> = new Map<never, never>();

function partsOf<K, V>(rows: ReadonlyMap<K, V>): { readonly shared: ReadonlyMap<K, V>; readonly onTop: Changed<K, V> } {
  return rows instanceof SharedRows ? rows : { shared: rows, onTop: NONE as Changed<K, V> };
}

/** No row is undefined. */
class SharedRows<K, V> implements ReadonlyMap<K, V> {
  readonly shared: ReadonlyMap<K, V>;
  readonly onTop: Changed<K, V>;
  readonly size: number;

  constructor(shared: ReadonlyMap<K, V>, onTop: Changed<K, V>) {
    this.shared = shared;
    this.onTop = onTop;
    let size = shared.size;
    for (const [key, row] of onTop) size += Number(row !== undefined) - Number(shared.has(key));
    this.size = size;
  }

  get(key: K): V | undefined {
    return this.onTop.has(key) ? this.onTop.get(key) : this.shared.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  forEach(callback: (row: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    this.shared.forEach((row, key) => { if (!this.onTop.has(key)) callback(row, key, this); });
    this.onTop.forEach((row, key) => { if (row !== undefined) callback(row, key, this); });
  }

  *entries(): MapIterator<[K, V]> {
    for (const pair of this.shared) if (!this.onTop.has(pair[0])) yield pair;
    for (const [key, row] of this.onTop) if (row !== undefined) yield [key, row];
  }

  *keys(): MapIterator<K> {
    for (const [key] of this) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, row] of this) yield row;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
}
