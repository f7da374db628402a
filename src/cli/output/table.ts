import { createRequire } from 'node:module';
import { clean } from './clean.ts';

const require = createRequire(import.meta.url);

export interface Column<Row> {
  readonly title: string;
  /** The cell's text, coloured or not; null and undefined show as a dash. */
  readonly cell: (row: Row) => string | number | null | undefined;
  readonly right?: boolean;
  /** The title is an id or a name, to be copied from where it stands: it keeps its letters. */
  readonly verbatim?: boolean;
}

/** Aligned columns, two spaces apart, with no line at the end. Widths are as a terminal shows them. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const lines = [
    columns.map(({ title, verbatim }) => (verbatim ? title : title.toUpperCase())),
    ...rows.map((row) => columns.map((column) => plain(column.cell(row)))),
  ];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => widthOf(line[i]!))));
  return lines
    .map((line) => line.map((text, i) => pad(text, widths[i]!, columns[i]!.right === true)).join('  ').trimEnd())
    .join('\n');
}

/** `name  value` lines, for one thing's fields. Fields without a value are left out. */
export function fields(pairs: readonly (readonly [string, string | number | null | undefined])[]): string {
  const present = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(0, ...present.map(([name]) => widthOf(name)));
  return present.map(([name, value]) => `${pad(name, width, false)}  ${value}`).join('\n');
}

function plain(value: string | number | null | undefined): string {
  return value === null || value === undefined || value === '' ? '-' : clean(String(value)).replaceAll('\n', ' ');
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
}

/** As a terminal shows it. What knows emoji takes 30 ms of processor time to load; most texts need none of it. */
function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  const { default: stringWidth } = require('string-width') as typeof import('string-width');
  return stringWidth(text);
}
