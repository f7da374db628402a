/** What several pages make of what routes answer. */
import { everyItem } from '../api/pages.ts';
import { isReeveError } from '../domain/errors.ts';
import type { Page as List } from '../domain/resources/common.ts';
import { address } from './address.ts';
import { sentence } from './refused.ts';
import type { Routes } from './routes.ts';

export type Part<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/**
 * One part of a page, which is shown whole or says why it is not, while the others are there. What nobody foresaw still
 * fails the page, and is in the log.
 */
export async function part<T>(reading: Promise<T>): Promise<Part<T>> {
  try {
    return { ok: true, value: await reading };
  } catch (error) {
    if (!isReeveError(error) || error.type === 'internal') throw error;
    return { ok: false, problem: sentence(error.message) };
  }
}

/** Links below a list: what is filtered and how it is ordered stays. */
export function pagingOf(path: string, query: Readonly<Record<string, string>>, list: List<unknown>) {
  const { cursor, said: _, ...rest } = query;
  return {
    first: cursor === undefined ? null : address(path, rest),
    next: list.next === null ? null : address(path, { ...rest, cursor: list.next }),
    text: `${list.items.length} ${cursor === undefined && list.next === null ? 'in all' : 'on this page'}`,
  };
}

/**
 * A list to its end, where leaving something out would say something false. Only for what is bounded by what is asked.
 * @throws ReeveError as the route does
 */
export const everyPageOf = <Item>(routes: Routes, path: string, query: Readonly<Record<string, unknown>>): Promise<Item[]> =>
  everyItem((page) => routes.get<List<Item>>(path, { query: { ...query, ...page } }));

/** Choices of a filter, the first being "any". @param now what is chosen */
export function choices(any: string, values: readonly (string | readonly [value: string, label: string])[], label: (value: string) => string, now = '') {
  return [{ value: '', label: any }, ...values.map((each) => (typeof each === 'string' ? { value: each, label: label(each) } : { value: each[0], label: each[1] }))]
    .map((each) => ({ ...each, chosen: each.value === now }));
}

/** A list that is asked for by a name: typed only half yet it names nothing, and nothing is listed. @throws ReeveError as the route does otherwise */
export async function orNone<Item>(reading: Promise<List<Item>>): Promise<List<Item>> {
  try {
    return await reading;
  } catch (error) {
    if (isReeveError(error, 'not-found')) return { items: [], next: null };
    throw error;
  }
}
