/** Events and notices in the order of a stream, and a position in it that a client can come back to. */
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

export interface Position {
  readonly event: number;
  readonly notice: number;
}

export interface StreamItem {
  /** Where the stream is after it: `<event>-<notice>`. */
  readonly id: string;
  readonly kind: 'event' | 'notice';
  readonly type: string;
  readonly at: string;
  /** Of an event, which is a generation. */
  readonly generation: number | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Whose people may hear of it beside the platform's; null for the platform's alone. */
  readonly site: string | null;
}

const AT_ONCE = 500;

interface Row {
  kind: 'event' | 'notice';
  id: number;
  type: string;
  at: Date;
  metadata: Record<string, unknown>;
  site: string | null;
}

/** Of a row's metadata: what it names, or what the run or incident that it names is of. */
const SITE = `coalesce(metadata ->> 'site', substring(metadata ->> 'subject' from '^site:(.*)$'),
  (select r.site from run r where r.id = metadata ->> 'run'), (select i.site from incident i where i.id = (metadata ->> 'incident')::bigint))`;

/** The end of the stream now. */
export async function readNewest(db: Queryable): Promise<Position> {
  const { rows } = await translated(db.query<Position>(
    'select coalesce((select max(id) from event), 0) as event, coalesce((select max(id) from notice), 0) as notice'));
  return rows[0]!;
}

/**
 * What came after a position, up to another if given, by time; some hundred at once. Both kinds are committed in the
 * order of their ids, since both are written under the platform row's lock.
 */
export async function readSince(db: Queryable, after: Position, upTo?: Position): Promise<{ items: StreamItem[]; position: Position }> {
  const { rows } = await translated(db.query<Row>(
    `(select 'event' as kind, id, type, at, metadata, ${SITE} as site from event
          where id > $1 and ($3::bigint is null or id <= $3) order by id limit $5)
       union all
       (select 'notice', id, type, at, metadata, ${SITE} from notice
          where id > $2 and ($4::bigint is null or id <= $4)
          order by id limit $5)
       order by at, kind, id`, [after.event, after.notice, upTo?.event ?? null, upTo?.notice ?? null, AT_ONCE]));
  let { event, notice } = after;
  const items = rows.map((row): StreamItem => {
    if (row.kind === 'event') event = Math.max(event, row.id);
    else notice = Math.max(notice, row.id);
    return {
      id: `${event}-${notice}`, kind: row.kind, type: row.type, at: row.at.toISOString(),
      generation: row.kind === 'event' ? row.id : null, metadata: row.metadata, site: row.site,
    };
  });
  return { items, position: { event, notice } };
}
