import type { AuditEntry, AuditOrder, Event } from '../../domain/resources/record.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

export interface EventFilter {
  readonly limit: number;
  /** A generation. Oldest first they come after it, newest first down to it. */
  readonly after: number;
  /** Newest first: only those before it. Undefined: oldest first. */
  readonly before?: number | undefined;
  /** Whole, or with a full stop at its end the beginning. */
  readonly type?: string | undefined;
  /** Only what is about these sites; undefined: all. */
  readonly sites?: readonly string[] | undefined;
}

/** Events, oldest first or newest first; one more than `limit` when there are more. */
export async function listEvents(db: Queryable, { limit, after, before, type, sites }: EventFilter): Promise<Event[]> {
  const found = `select id, type, at, actor, metadata from event
     where id > $2 and ($5::bigint is null or id < $5) and ($3::text is null or type = $3 or ($3 like '%.' and starts_with(type, $3)))`;
  const order = `order by id ${before === undefined ? 'asc' : 'desc'} limit $1`;
  // Site by site, each by its own index: with `= any` all events were gone through to find the few of a site.
  const { rows } = await translated(db.query<Event & { at: unknown }>(
    sites === undefined ? `${found} and $4::text[] is null ${order}`
      : `select e.* from unnest($4::text[]) s (site) cross join lateral (${found} and metadata ->> 'site' = s.site ${order}) e ${order}`,
    [limit + 1, after, type ?? null, sites ?? null, before ?? null]));
  return rows.map((row) => ({ ...row, at: (row.at as unknown as Date).toISOString() }));
}

export interface AuditFilter {
  readonly limit: number;
  /** The last one's id. */
  readonly after?: number | undefined;
  readonly subject?: string | undefined;
  /** Whole, or with a full stop at its end the beginning. */
  readonly action?: string | undefined;
  /** Ids (actorsNamed); a person's finds what their tokens did too. */
  readonly actors?: readonly string[] | undefined;
  readonly run?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Only what is about these sites; undefined: all. */
  readonly sites?: readonly string[] | undefined;
  readonly sort?: AuditOrder;
}

const ENTRY = 'id, generation, at, actor, action, subject, before, after, reason, run';

/**
 * Audit entries, newest first unless said otherwise; one more than `limit` when there are more. On a million rows of a year (2 cores, busy) each
 * filter by time or run took 470 to 650 ms, as every row was read from the newest on; with indexes, and by time in the order
 * of time, it takes up to 2 ms. An actor with no entry took 1,850 ms also with indexes, since the planner expects one soon
 * among the newest; a look for each id into each of the two indexes takes 1 ms.
 */
export async function listAudit(db: Queryable, { limit, after, subject, action, actors, run, from, to, sites, sort = '-at' }: AuditFilter): Promise<AuditEntry[]> {
  const [way, beyond] = sort === 'at' ? ['asc', '>'] as const : ['desc', '<'] as const;
  const byTime = from !== undefined || to !== undefined;
  const order = byTime ? `at ${way}, id ${way}` : `id ${way}`;
  const where = `($2::bigint is null or ${byTime ? `(at, id) ${beyond} ((select at from audit where id = $2), $2)` : `id ${beyond} $2`}) and ($3::text is null or subject = $3)
       and ($4::text is null or action = $4 or ($4 like '%.' and starts_with(action, $4))) and ($6::text is null or run = $6)
       and ($7::timestamptz is null or at >= $7) and ($8::timestamptz is null or at < $8) and ($9::text[] is null or site = any($9))`;
  const newest = (more = '') => `(select ${ENTRY} from audit where ${where} ${more} order by ${order} limit $1)`;
  const source = actors === undefined ? newest("and $5::text[] is null") : `(
    select e.* from unnest($5::text[]) a (of) cross join lateral (${newest("and actor ->> 'id' = a.of")} union all ${newest("and actor ->> 'user' = a.of")}) e)`;
  const { rows } = await translated(db.query<AuditEntry>(
    // A person's token may be found by both.
    `select distinct on (${byTime ? 'at, id' : 'id'}) ${ENTRY} from ${source} found order by ${order} limit $1`,
    [limit + 1, after ?? null, subject ?? null, action ?? null, actors ?? null, run ?? null, from ?? null, to ?? null, sites ?? null]));
  return rows.map((row) => ({ ...row, at: (row.at as unknown as Date).toISOString() }));
}
