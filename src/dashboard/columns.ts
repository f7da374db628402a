/** The head of a list that people can put in order. Pure. */
import { address } from './address.ts';

export interface Column {
  readonly label: string;
  /** What the list's route calls the order by it; none: it cannot be put in order by it. */
  readonly by?: string;
  /** Asked for first, it begins with the most, or the newest. */
  readonly down?: true;
  readonly wide?: true;
  readonly right?: true;
  /** Read to those who do not see; the buttons below say it to the others. */
  readonly unseen?: true;
}

/**
 * What the part `columns` needs: a link for each column that orders the list, which keeps the search and the filters; the
 * one in use turns around when it is asked for again.
 * @param sort the order that is shown
 * @param as   what the address calls it, where a page has more than one such list
 */
export function columnsOf(path: string, query: Readonly<Record<string, string>>, sort: string, columns: readonly Column[], as = 'sort') {
  const { cursor: _, said: __, ...rest } = query;
  return columns.map(({ by, down, ...column }) => {
    if (by === undefined) return column;
    const now = sort === by ? 'ascending' : sort === `-${by}` ? 'descending' : null;
    const next = now === 'ascending' || (now === null && down) ? `-${by}` : by;
    return { ...column, href: address(path, { ...rest, [as]: next }), sort: now };
  });
}
