import { pagesOf } from '../api/pages.ts';
import type { Client, Context } from './context.ts';
import type { Page } from './resources.ts';

type Query = Readonly<Record<string, string | number | undefined>>;

/** All items of a list, page by page. The shape is the API's own, with nothing left to fetch. */
export async function readAll<Item>(api: Client, path: string, query: Query = {}): Promise<Page<Item>> {
  return await readFirst<Item>(api, path, Number.POSITIVE_INFINITY, query);
}

/** The first items of a list, as many as are asked for, also where one page holds fewer; `next` says whether there are more. */
export async function readFirst<Item>(api: Client, path: string, most: number, query: Query = {}): Promise<Page<Item>> {
  const items: Item[] = [];
  let next: string | null = null;
  const read = (page: Query) => api.request<Page<Item>>('GET', path, { query: { ...query, ...page } });
  for await (const page of pagesOf(read, most)) {
    items.push(...page.items);
    next = page.next;
  }
  return { items, next };
}

/** A part of a list does not pass for all of it. @param how to see more */
export function noteMore({ terminal }: Pick<Context, 'terminal'>, { items, next }: Page<unknown>, how: string): void {
  if (next !== null) terminal.note(`the newest ${items.length}, and there are more: ${how}`);
}
