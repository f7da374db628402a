/** Lists that people put in order. A cursor is the last row's key, as text, and its id, so that a page goes on after it. */
import { ReeveError } from '../../domain/errors.ts';

/** A cursor that is from elsewhere, or from the same list in another order. */
export const notOfThisList = (): ReeveError => new ReeveError('bad-request', 'that cursor is not from this list in this order: take `next` of its last page',
  { errors: [{ path: 'cursor', message: 'is not from this list' }] });

export interface Column {
  /** An SQL expression that is never null. */
  readonly key: string;
  readonly type: 'text' | 'timestamptz' | 'numeric' | 'bigint';
}

export interface Order extends Column {
  readonly way: 'asc' | 'desc';
}

/** The last row of the page before: its key, as text, and its id. */
export type Last = readonly [key: string, id: string];

/** As `sort` names it: `name` upwards, `-name` downwards. @throws Error for a column that is not there */
export function orderOf(columns: Readonly<Record<string, Column>>, sort: string): Order {
  const isDown = sort.startsWith('-');
  const column = columns[isDown ? sort.slice(1) : sort];
  if (!column) throw new Error(`nothing is ordered by ${sort}`);
  return { ...column, way: isDown ? 'desc' : 'asc' };
}

/** SQL: the same select, each of whose rows has its key. */
export const keyed = (select: string, { key }: Order): string => select.replace(/^\s*select\b/, () => `select ${key}::text as key,`);

/** A key of each type, as Postgres writes it. */
const READS: Readonly<Record<Column['type'], RegExp>> = {
  text: /^/,
  timestamptz: /^(-?infinity|\d{4,6}-(0[1-9]|1[0-2])-([0-2]\d|3[01]) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?[+-]\d\d(:\d\d)*)$/,
  numeric: /^-?\d{1,40}(\.\d{1,40})?$/,
  bigint: /^-?\d{1,18}$/,
};

/**
 * The values of its two parameters. The key of a page in another order is none in this one.
 * @throws ReeveError `bad-request`
 */
export function valuesOf({ type }: Order, after: Last | null | undefined): readonly [string | null, string | null] {
  if (!after) return [null, null];
  if (!READS[type].test(after[0])) throw notOfThisList();
  return after;
}

/**
 * SQL: what comes after the last one.
 * @param id   the column that tells rows with one key apart
 * @param from the number of the parameter that is the key; the next one is the id
 */
export const afterLast = ({ key, type, way }: Order, id: string, from: number): string =>
  `($${from}::text is null or (${key}, ${id}) ${way === 'asc' ? '>' : '<'} ($${from}::${type}, $${from + 1}))`;

/** SQL: `order by …`. */
export const inOrder = ({ key, way }: Order, id: string): string => `order by ${key} ${way}, ${id} ${way}`;
