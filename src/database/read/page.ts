/** Pages by key: what comes after the last one, so that a list is whole while others add to it. */
import type { Page } from '../../domain/resources/common.ts';
import { type Last, notOfThisList } from './order.ts';

/** A page of at most `limit` of the rows, of which one more was read if there are more. */
export function pageFrom<Item>(rows: readonly Item[], limit: number, keyOf: (item: Item) => readonly (string | number)[]): Page<Item> {
  if (rows.length <= limit) return { items: rows, next: null };
  const items = rows.slice(0, limit);
  return { items, next: encodeCursor(keyOf(items.at(-1)!)) };
}

/** The same of a list in an order that was asked for: each row with its key (order.ts), from which `itemOf` makes what is answered. */
export function orderedPage<Row extends { readonly key: string }, Item>(
  rows: readonly Row[], limit: number, itemOf: (row: Row) => Item, idOf: (item: Item) => string,
): Page<Item> {
  const { items, next } = pageFrom(rows.map((row) => ({ key: row.key, item: itemOf(row) })), limit, ({ key, item }) => [key, idOf(item)]);
  return { items: items.map(({ item }) => item), next };
}

/** Where such a list goes on. @throws ReeveError `bad-request` */
export const lastOf = (cursor: string | undefined): Last | null => decodeCursor<[string, string]>(cursor, 'string', 'string');

/** Opaque to people: base64url of a JSON list. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * The key in a cursor, if it has these types in this order.
 * @throws ReeveError `bad-request`
 */
export function decodeCursor<Key extends readonly (string | number)[]>(
  cursor: string | undefined, ...types: { [At in keyof Key]: Key[At] extends number ? 'number' : 'string' }
): Key | null {
  if (cursor === undefined) return null;
  try {
    const key = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
    const fits = Array.isArray(key) && key.length === types.length && key.every((part, i) =>
      typeof part === types[i] && (typeof part === 'string' ? part.length <= 300 && !part.includes('\0') : Number.isSafeInteger(part)));
    if (fits) return key as unknown as Key;
  } catch {
    // Said below, as for any other text that is no cursor.
  }
  throw notOfThisList();
}
