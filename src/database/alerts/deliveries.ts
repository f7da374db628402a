/** The log of what was sent, which is also the queue of what is to be sent. */
import type { AlertMessage } from '../../domain/alert-message.ts';
import { alertMessage } from '../../domain/alert-message.ts';
import { type AlertKind, retryAfter } from '../../domain/alerting.ts';
import { ReeveError } from '../../domain/errors.ts';
import type { ChannelKind, Delivery, DeliveryOrder } from '../../domain/resources/alert.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

type Row = Omit<Delivery, 'at' | 'nextAt' | 'endedAt'> & { seq: number; at: Date; nextAt: Date; endedAt: Date | null };

const COLUMNS = `d.seq, d.id, d.channel, d.channel_name as "channelName", d.kind, to_jsonb(d.incidents) as incidents, d.state, d.attempts,
  d.last_error as "lastError", d.at, d.next_at as "nextAt", d.ended_at as "endedAt"`;

export interface DeliveryFilter {
  readonly limit: number;
  /** The last one's place. */
  readonly after?: number | undefined;
  readonly channel?: string | undefined;
  readonly state?: string | undefined;
  readonly sort?: DeliveryOrder;
}

/** Newest first unless said otherwise, each with its place in the log; one more than `limit` when there are more. */
export async function listDeliveries(
  db: Queryable, { limit, after, channel, state, sort = '-at' }: DeliveryFilter,
): Promise<{ seq: number; delivery: Delivery }[]> {
  // Places rise with time.
  const isUp = sort === 'at';
  const { rows } = await translated(db.query<Row>(
    `select ${COLUMNS} from delivery d where ($2::bigint is null or d.seq ${isUp ? '>' : '<'} $2) and ($3::text is null or d.channel = $3)
       and ($4::text is null or d.state = $4) order by d.seq ${isUp ? 'asc' : 'desc'} limit $1`, [limit + 1, after ?? null, channel ?? null, state ?? null]));
  return rows.map((row) => ({ seq: row.seq, delivery: toResource(row) }));
}

/** @throws ReeveError `not-found` */
export async function readDelivery(db: Queryable, id: string): Promise<Delivery> {
  const { rows } = await translated(db.query<Row>(`select ${COLUMNS} from delivery d where d.id = $1`, [id]));
  if (!rows[0]) throw new ReeveError('not-found', `there is no delivery ${id}`);
  return toResource(rows[0]);
}

/** A test of a channel, which does not wait behind what failed before. @throws ReeveError `not-found` */
export async function requestTest(db: Queryable, channel: string): Promise<Delivery> {
  const { rows } = await translated(db.query<{ name: string; platform: string | null }>(
    `select name, (select settings ->> 'baseDomain' from platform) as platform from channel where id = $1`, [channel]));
  if (!rows[0]) throw new ReeveError('not-found', `there is no channel ${channel}`, { subject: `channel:${channel}` });
  const { rows: made } = await translated(db.query<Row>(
    `with made as (insert into delivery as d (channel, channel_name, kind, message) values ($1, $2, 'test', $3) returning ${COLUMNS})
     select *, pg_notify('reeve_alert', '') from made`,
    [channel, rows[0].name, alertMessage('test', rows[0].platform ?? '', [])]));
  return toResource(made[0]!);
}

/** A delivery whose turn it is, with what is needed to send it. */
export interface Claimed {
  readonly id: string;
  readonly kind: AlertKind;
  /** How often it has been tried, this time included. */
  readonly attempts: number;
  readonly message: AlertMessage;
  readonly channel: string;
  readonly channelName: string;
  /** Null when the channel is gone, or off. */
  readonly channelKind: ChannelKind | null;
  readonly sealed: string | null;
  readonly allowed: readonly string[];
}

/** Longer than any attempt takes: whoever claimed it and died has it done again after that. */
const CLAIM = `interval '60 seconds'`;

/**
 * Take the next one whose time has come. One channel's messages go in their order, so nobody hears of an end before the
 * beginning; one that hangs holds up its own channel only.
 */
export async function claimDelivery(db: Queryable): Promise<Claimed | null> {
  const { rows } = await translated(db.query<Claimed>(
    `update delivery d set attempts = attempts + 1, next_at = clock_timestamp() + ${CLAIM}
     from (select q.seq, c.kind as channel_kind, c.sealed from delivery q left join channel c on c.id = q.channel and (c.enabled or q.kind = 'test')
       where q.state = 'pending' and q.next_at <= clock_timestamp()
         and (q.kind = 'test' or not exists (select 1 from delivery e
           where e.channel = q.channel and e.state = 'pending' and e.kind <> 'test' and e.seq < q.seq))
       order by q.seq limit 1 for update of q skip locked) due
     where d.seq = due.seq
     returning d.id, d.kind, d.attempts, d.message, d.channel, d.channel_name as "channelName", due.channel_kind as "channelKind", due.sealed,
       coalesce((select settings -> 'alertNetworks' from platform), '[]') as allowed`));
  return rows[0] ?? null;
}

/** @param remark  e.g. which recipients were refused; a delivered message is not sent again for them */
export async function recordDelivered(db: Queryable, id: string, remark: string | null): Promise<void> {
  await translated(db.query(
    `update delivery set state = 'delivered', last_error = $2, ended_at = clock_timestamp() where id = $1 and state = 'pending'`, [id, remark]));
}

/** @returns what becomes of it: tried again, or not */
export async function recordFailed(db: Queryable, { id, kind, attempts }: Claimed, why: string): Promise<'pending' | 'failed'> {
  const ms = retryAfter(kind, attempts);
  await translated(db.query(
    ms === null
      ? `update delivery set state = 'failed', last_error = $2, ended_at = clock_timestamp() where id = $1 and state = 'pending' and $3::bigint is null`
      : `update delivery set last_error = $2, next_at = clock_timestamp() + $3::bigint * interval '1 millisecond' where id = $1 and state = 'pending'`,
    [id, why, ms]));
  return ms === null ? 'failed' : 'pending';
}

export async function recordDropped(db: Queryable, id: string, why: string): Promise<void> {
  await translated(db.query(
    `update delivery set state = 'dropped', last_error = $2, ended_at = clock_timestamp() where id = $1 and state = 'pending'`, [id, why]));
}

/** The log is kept for 30 days. */
export async function dropOldDeliveries(db: Queryable): Promise<void> {
  await translated(db.query(`delete from delivery where at < clock_timestamp() - interval '30 days' and state <> 'pending'`));
}

const toResource = ({ seq: _, at, nextAt, endedAt, ...row }: Row & { pg_notify?: unknown }): Delivery => {
  const { pg_notify: __, ...delivery } = row;
  return { ...delivery, at: at.toISOString(), nextAt: row.state === 'pending' ? nextAt.toISOString() : null, endedAt: endedAt?.toISOString() ?? null };
};
