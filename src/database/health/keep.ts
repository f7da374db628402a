/** How long what probes found is kept (DESIGN.md §7): by partition, made ahead and dropped whole. */
import type { Pool } from '../pool.ts';

interface Keeping {
  readonly table: 'sweep' | 'rollup_5m' | 'rollup_1h';
  readonly kept: string;
  /** Made this far ahead, so that storing makes none itself. */
  readonly ahead: readonly string[];
}

const KEPT: readonly Keeping[] = [
  { table: 'sweep', kept: '48 hours', ahead: ['0 hours', '1 hour', '2 hours'] },
  { table: 'rollup_5m', kept: '30 days', ahead: ['0 days', '1 day'] },
  { table: 'rollup_1h', kept: '1 year', ahead: ['0 days', '1 month'] },
];

/** As long as five-minute rollups. */
const TRANSITIONS_KEPT = '30 days';
/** Longer than any sweep that refers to one: its use is noted once an hour. */
const NAMES_KEPT = '50 hours';

/** Make the partitions to come and drop what is over. @returns the partitions that were dropped */
export async function keepHealth(pool: Pool): Promise<string[]> {
  const dropped: string[] = [];
  for (const { table, kept, ahead } of KEPT) {
    for (const interval of ahead) await pool.query('select make_health_partition($1, clock_timestamp() + $2::interval)', [table, interval]);
    const { rows } = await pool.query<{ name: string }>(
      'select drop_health_partitions($1, clock_timestamp() - $2::interval) as name', [table, kept]);
    dropped.push(...rows.map(({ name }) => name));
  }
  await pool.query('delete from transition where at < clock_timestamp() - $1::interval', [TRANSITIONS_KEPT]);
  await pool.query(`delete from sweep_names n where used_at < clock_timestamp() - $1::interval
    and not exists (select 1 from sweep_latest l where l.names = n.hash)`, [NAMES_KEPT]);
  return dropped;
}
