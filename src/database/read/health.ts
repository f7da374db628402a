import type { Health, HealthOrder } from '../../domain/resources/health.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from './order.ts';

export interface HealthFilter {
  readonly limit: number;
  readonly after?: Last | null;
  readonly site?: string | undefined;
  readonly container?: string | undefined;
  readonly verdict?: string | undefined;
  readonly hostnames?: readonly string[] | undefined;
  /** Only these are to be seen; undefined: all. */
  readonly sites?: readonly string[] | undefined;
  readonly sort?: HealthOrder;
}

type Row = Omit<Health, 'since' | 'changedAt' | 'sweptAt'> & { since: Date; changedAt: Date; sweptAt: Date | null };

const SELECT = `select hostname, site, container, incarnation, verdict, since, kind, status, latency_ms as "latencyMs", answered_by as "answeredBy",
    reason, at as "changedAt", swept_at as "sweptAt" from health`;

/** Tells rows with one key apart. */
const PAIR = `hostname || ' ' || container`;
export const pairOf = ({ hostname, container }: Pick<Health, 'hostname' | 'container'>) => `${hostname} ${container}`;

/**
 * No index has them: a verdict becomes unknown by time alone. Each order reads all pairs once, as the one by hostname does, and
 * keeps a page; as whole numbers, since by `numeric` 50,000 pairs took twice as long (680 ms for 340 on two busy cores).
 */
const ORDERS = {
  hostname: { key: 'hostname', type: 'text' },
  // From well to ill.
  verdict: { key: `(case verdict when 'up' then 0 when 'slow' then 1 when 'unknown' then 2 else 3 end)::bigint`, type: 'bigint' },
  // To a thousandth; where nothing was measured, less than anything.
  latency: { key: 'round(1000 * coalesce(latency_ms, -1))::bigint', type: 'bigint' },
} as const;

/** Each hostname in each container, by hostname unless said otherwise, with its key; one more than `limit` when there are more. A site by its id or name. */
export async function listHealth(
  db: Queryable, { limit, after, site, container, verdict, hostnames, sites, sort = 'hostname' }: HealthFilter,
): Promise<{ health: Health; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<Row & { key: string }>(
    `${keyed(SELECT, order)}
     where ${afterLast(order, PAIR, 2)}
       and ($4::text is null or site = $4 or site = (select id from site where name = $4 and deleted_at is null))
       and ($5::text is null or container = $5) and ($6::text is null or verdict = $6)
       and ($7::text[] is null or site = any($7)) and ($8::text[] is null or hostname = any($8))
     ${inOrder(order, PAIR)} limit $1`,
    [limit + 1, ...valuesOf(order, after), site ?? null, container ?? null, verdict ?? null, sites ?? null, hostnames ?? null]));
  return rows.map(({ key, ...row }) => ({
    key, health: { ...row, since: row.since.toISOString(), changedAt: row.changedAt.toISOString(), sweptAt: row.sweptAt?.toISOString() ?? null },
  }));
}
