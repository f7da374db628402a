import type { Traffic } from '../../domain/resources/platform.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

/** Visitors' requests a second in all containers together, minute by minute. A minute in which none measured is not there. */
export async function readTraffic(db: Queryable, minutes: number): Promise<Traffic['points']> {
  const { rows } = await translated(db.query<{ at: Date; requests: number }>(
    `select minute as at, round(sum(requests)::numeric, 2)::float8 as requests from traffic
     where minute > clock_timestamp() - make_interval(mins => $1) and minute < date_trunc('minute', clock_timestamp()) group by minute order by minute`, [minutes]));
  return rows.map(({ at, requests }) => ({ at: at.toISOString(), requests }));
}
