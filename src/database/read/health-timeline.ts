import type { TimelinePoint } from '../../domain/resources/health.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

/**
 * How many hostnames in containers were not well, over time: the worst sweep of each container in each bucket, of all
 * containers together. Only counts are read, no sweep is unpacked. A bucket without any sweep is not there.
 * @param step seconds of a bucket
 */
export async function readTimeline(db: Queryable, { from, to, step }: { from: Date; to: Date; step: number }): Promise<TimelinePoint[]> {
  const { rows } = await translated(db.query<Omit<TimelinePoint, 'at'> & { at: Date }>(
    `select at, sum(hostnames)::int as hostnames, sum(slow)::int as slow, sum(down)::int as down, sum(unknown)::int as unknown
     from (select date_bin(make_interval(secs => $3), slot, 'epoch') as at, container, max(hostnames) as hostnames, max(slow) as slow,
         max(down) as down, max(unknown) as unknown
       from sweep where slot >= $1 and slot < $2 group by 1, 2) worst
     group by at order by at`, [from, to, step]));
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
