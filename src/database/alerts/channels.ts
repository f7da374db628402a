/** Channels: what they hold is encrypted here and nowhere else, and never read back but to be sent with. */
import { randomBytes } from 'node:crypto';
import { ReeveError } from '../../domain/errors.ts';
import {
  type Channel, type ChannelConfig, channelConfigs, type ChannelKind, type ChannelOrder, type CreateChannel, targetOf, type UpdateChannel,
} from '../../domain/resources/alert.ts';
import { type AlertsKey, sealChannel, unsealChannel } from '../../domain/secrets.ts';
import { fromPostgres, translated } from '../errors.ts';
import { newId } from '../new-id.ts';
import { type Queryable, within } from '../pool.ts';
import { afterLast, inOrder, keyed, type Last, orderOf, valuesOf } from '../read/order.ts';
import type { Asking } from '../requests/asking.ts';
import { writeAudit } from '../write-audit.ts';

interface Row extends Omit<Channel, 'createdAt' | 'kind'> {
  readonly kind: ChannelKind;
  readonly createdAt: Date;
  readonly sealed: string;
}

const SELECT = `
  select c.id, c.rev, c.name, c.kind, c.target, c.routing, c.enabled, c.created_at as "createdAt", c.sealed,
    (select jsonb_build_object('state', d.state, 'at', to_char(coalesce(d.ended_at, d.at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'lastError', d.last_error)
      from delivery d where d.channel = c.id order by d.seq desc limit 1) as last
  from channel c`;

const ORDERS = { name: { key: 'lower(c.name)', type: 'text' }, created: { key: 'c.created_at', type: 'timestamptz' } } as const;

/** Channels in order, by name unless said otherwise, each with its key; one more than `limit` for a next page. */
export async function listChannels(
  db: Queryable, { limit, after, sort = 'name' }: { limit: number; after?: Last | null; sort?: ChannelOrder },
): Promise<{ channel: Channel; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<Row & { key: string }>(
    `${keyed(SELECT, order)} where ${afterLast(order, 'c.id', 2)} ${inOrder(order, 'c.id')} limit $1`, [limit + 1, ...valuesOf(order, after)]));
  return rows.map(({ key, ...row }) => ({ key, channel: toResource(row) }));
}

/** @throws ReeveError `not-found`, `unavailable` */
export async function readChannel(db: Queryable, id: string): Promise<Channel> {
  return toResource(await readRow(db, id));
}

/** @throws ReeveError `exists` when another channel has the name */
export async function createChannel({ db, actor }: Asking, key: AlertsKey, body: CreateChannel): Promise<Channel> {
  const id = newId('n');
  await within(db, async (db) => {
    await named(body.name, db.query('insert into channel (id, name, kind, sealed, target, routing, enabled) values ($1, $2, $3, $4, $5, $6, $7)',
      [id, body.name, body.kind, sealed(key, id, body.config), targetOf(body.kind, body.config), body.routing, body.enabled]));
    await writeAudit(db, { actor, action: 'channel.created', subject: `channel:${id}`, after: audited(await readChannel(db, id)) });
  });
  return await readChannel(db, id);
}

/**
 * Change some of it; what waits to be sent is tried again at once.
 * @throws ReeveError `not-found`, `stale`, `invalid`, `exists`
 */
export async function updateChannel({ db, actor, rev }: Asking, key: AlertsKey, id: string, body: UpdateChannel): Promise<Channel> {
  await within(db, async (db) => {
    const before = await readRow(db, id, rev, 'for update of c');
    const config = body.config === undefined ? undefined : merged(key, before, body.config);
    const after = { name: body.name ?? before.name, routing: body.routing ?? before.routing, enabled: body.enabled ?? before.enabled };
    await named(after.name, db.query(
      'update channel set rev = rev + 1, name = $2, routing = $3, enabled = $4, sealed = $5, target = $6 where id = $1',
      [id, after.name, after.routing, after.enabled, config ? sealed(key, id, config) : before.sealed, config ? targetOf(before.kind, config) : before.target]));
    await db.query(`update delivery set next_at = clock_timestamp() where channel = $1 and state = 'pending'`, [id]);
    // What was dropped while it was off is said now, if it still holds.
    if (after.enabled && !before.enabled) {
      await db.query(`delete from told t using incident i where t.channel = $1 and i.id = t.incident and i.state = 'open'`, [id]);
    }
    await writeAudit(db, {
      actor, action: 'channel.updated', subject: `channel:${id}`, before: audited(toResource(before)),
      after: { ...audited(await readChannel(db, id)), config: Object.keys(body.config ?? {}) },
    });
    await db.query(`notify reeve_alert`);
  });
  return await readChannel(db, id);
}

/** What waits for it is dropped; the log stays. @throws ReeveError `not-found`, `stale` */
export async function removeChannel({ db, actor, rev }: Asking, id: string): Promise<void> {
  await within(db, async (db) => {
    const before = await readRow(db, id, rev, 'for update of c');
    await db.query('delete from channel where id = $1', [id]);
    await db.query(`update delivery set state = 'dropped', last_error = 'its channel was removed', ended_at = clock_timestamp()
      where channel = $1 and state = 'pending'`, [id]);
    await writeAudit(db, { actor, action: 'channel.removed', subject: `channel:${id}`, before: audited(toResource(before)) });
  });
}

/** @throws ReeveError `unavailable` when it was made with another master key */
export function openConfig(key: AlertsKey, id: string, stored: string): ChannelConfig {
  const text = unsealChannel(key, id, stored);
  if (text === null) throw new ReeveError('unavailable', 'what the channel holds cannot be decrypted with this platform’s key: set its config anew', { subject: `channel:${id}` });
  return JSON.parse(text) as ChannelConfig;
}

const sealed = (key: AlertsKey, id: string, config: ChannelConfig): string => sealChannel(key, id, JSON.stringify(config), randomBytes(12));

/**
 * The fields that are named, over those that it has; null takes one away. A password goes to the server it was given for:
 * whoever names another server gives it again.
 */
function merged(key: AlertsKey, { id, kind, sealed: stored }: Row, change: Readonly<Record<string, unknown>>): ChannelConfig {
  const before = (JSON.parse(unsealChannel(key, id, stored) ?? '{}')) as Record<string, unknown>;
  const moved = ['host', 'port', 'security'].some((name) => name in change && change[name] !== before[name]);
  if (moved && before.password !== undefined && !('password' in change)) {
    const message = 'give it again with another host, port or security';
    throw new ReeveError('invalid', `config.password: ${message}`, { errors: [{ path: 'config.password', message }] });
  }
  const after = Object.entries({ ...before, ...change }).filter(([, value]) => value !== null);
  const parsed = channelConfigs[kind].safeParse(Object.fromEntries(after));
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => ({ path: `config.${name}`, message: 'there is no such field' }));
    return [{ path: ['config', ...issue.path].join('.'), message: issue.message }];
  });
  throw new ReeveError('invalid', errors.map(({ path, message }) => `${path}: ${message}`).join('; '), { errors });
}

async function readRow(db: Queryable, id: string, rev?: number, lock = ''): Promise<Row> {
  const { rows } = await translated(db.query<Row>(`${SELECT} where c.id = $1 ${lock}`, [id]));
  const row = rows[0];
  if (!row) throw new ReeveError('not-found', `there is no channel ${id}`, { subject: `channel:${id}` });
  if (rev !== undefined && rev !== row.rev) throw new ReeveError('stale', `channel ${id} is at rev ${row.rev}, not ${rev}`, { found: row.rev, expected: rev });
  return row;
}

async function named(name: string, query: Promise<unknown>): Promise<void> {
  try {
    await query;
  } catch (error) {
    if ((error as { constraint?: string }).constraint === 'channel_name_key') throw new ReeveError('exists', `there is a channel named ${name}`);
    throw fromPostgres(error);
  }
}

const toResource = ({ sealed: _, createdAt, ...row }: Row): Channel => ({ ...row, createdAt: createdAt.toISOString() });
const audited = ({ name, kind, target, routing, enabled }: Channel) => ({ name, kind, target, routing, enabled });
