/**
 * Latest probes as `store_sweep` takes them: a column an array, in Postgres's own notation. One JSON text took Postgres
 * several times as long, and the driver's own arrays take Node twice as long.
 */
import type { LatestProbe } from './store.ts';

interface Column {
  readonly type: 'text[]' | 'integer[]' | 'real[]' | 'bigint[]';
  readonly of: (probe: LatestProbe) => string | number | null;
}

/** In the order of the function's parameters; times in ms. */
const COLUMNS: readonly Column[] = [
  { type: 'text[]', of: ({ hostname }) => hostname },
  { type: 'text[]', of: ({ site }) => site },
  { type: 'text[]', of: ({ standing }) => standing.verdict },
  { type: 'text[]', of: ({ kind }) => kind },
  { type: 'integer[]', of: ({ status }) => status },
  { type: 'real[]', of: ({ ms }) => Math.round(ms * 10) / 10 },
  { type: 'text[]', of: ({ answeredBy }) => answeredBy },
  { type: 'text[]', of: ({ reason }) => reason },
  { type: 'integer[]', of: ({ standing }) => standing.failures },
  { type: 'bigint[]', of: ({ standing }) => standing.firstFailedAt },
  { type: 'integer[]', of: ({ standing }) => standing.successes },
  { type: 'bigint[]', of: ({ at }) => at },
  { type: 'bigint[]', of: ({ standing }) => standing.since },
];

export const PROBE_COLUMN_TYPES = COLUMNS.map(({ type }) => type);

export function probeColumns(probes: readonly LatestProbe[]): string[] {
  return COLUMNS.map(({ of }) => `{${probes.map((probe) => element(of(probe))).join(',')}}`);
}

/** Any text between quotes, so that none is read as null, or as more than one. */
function element(value: string | number | null): string {
  if (value === null) return 'NULL';
  return typeof value === 'number' ? String(value) : `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
}
