/** A list of the API page by page, for whoever needs more than one: the command line over HTTP, the dashboard through its routes. */
import type { Page } from '../domain/resources/common.ts';

/** What a page holds at most (`pageQuery`). */
const AT_ONCE = 200;
/** How many pages are read before this is taken for a list that never ends. */
const MOST_PAGES = 10_000;

/**
 * Its pages, each read once the one before was looked at.
 * @param read one page, after a cursor
 * @param most how many items in all; the last page's `next` says whether there are more
 * @throws Error for a list that never ends; what `read` throws
 */
export async function* pagesOf<Item>(
  read: (query: { limit: number; cursor: string | undefined }) => Promise<Page<Item>>, most = Number.POSITIVE_INFINITY,
): AsyncGenerator<Page<Item>> {
  let left = most;
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await read({ limit: Math.min(AT_ONCE, left), cursor });
    yield page;
    left -= page.items.length;
    if (page.next === null || left <= 0) return;
    cursor = page.next;
  }
  throw new Error(`a list has more than ${MOST_PAGES} pages`);
}

/** All of its items, where a part would say something false. @throws as pagesOf does */
export async function everyItem<Item>(read: (query: { limit: number; cursor: string | undefined }) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of pagesOf(read)) items.push(...page.items);
  return items;
}
