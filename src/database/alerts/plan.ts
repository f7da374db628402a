import { alertMessage } from '../../domain/alert-message.ts';
import { type AlertChannel, type AlertFacts, type AlertPolicy, type PlannedAlert, planAlerts } from '../../domain/alerting.ts';
import { type Pool, type Queryable, transaction } from '../pool.ts';

// Any fixed number: of several control workers one plans at a time.
const LOCK = 7_331_009;

const FACTS = `
  with relevant as (
    select * from incident i where i.state <> 'closed'
      or exists (select 1 from told t where t.incident = i.id and not t.resolved)
  )
  select clock_timestamp() as now, (select coalesce(settings ->> 'baseDomain', '') from platform) as platform,
    coalesce((select jsonb_agg(jsonb_build_object('id', id, 'enabled', enabled, 'routing', routing, 'name', name) order by id) from channel), '[]') as channels,
    coalesce((select jsonb_agg(jsonb_build_object('id', id, 'subject', subject, 'cause', cause, 'severity', severity, 'state', state,
      'title', title, 'openedAt', opened_at, 'closedAt', closed_at, 'closedWhy', closed_why) order by id) from relevant), '[]') as incidents,
    coalesce((select jsonb_agg(jsonb_build_object('channel', channel, 'incident', incident, 'lastAt', last_at, 'resolved', resolved))
      from told where incident in (select id from relevant)), '[]') as told`;

type Facts = Omit<AlertFacts, 'now' | 'channels'> & { now: Date; platform: string; channels: (AlertChannel & { name: string })[] };

/**
 * Put what is due into the queue, and note that it was said, in one transaction: a crash says nothing twice and forgets
 * nothing. @returns what was planned; nothing when another control worker is at it
 */
export async function queueAlerts(pool: Pool, policy: AlertPolicy): Promise<PlannedAlert[]> {
  return await transaction(pool, 'begin isolation level repeatable read', async (db) => {
    const { rows: [lock] } = await db.query<{ taken: boolean }>('select pg_try_advisory_xact_lock($1) as taken', [LOCK]);
    if (!lock!.taken) return [];
    const { rows } = await db.query<Facts>(FACTS);
    const { now, platform, ...facts } = rows[0]!;
    const plans = planAlerts({ ...facts, now: now.toISOString() }, policy);
    const names = new Map(facts.channels.map(({ id, name }) => [id, name]));
    for (const plan of plans) await queue(db, plan, names.get(plan.channel)!, platform);
    return plans;
  });
}

async function queue(db: Queryable, { channel, kind, incidents }: PlannedAlert, name: string, platform: string): Promise<void> {
  const ids = incidents.map(({ id }) => id);
  await db.query('insert into delivery (channel, channel_name, kind, incidents, message) values ($1, $2, $3, $4, $5)',
    [channel, name, kind, ids, alertMessage(kind, platform, incidents)]);
  await db.query(
    `insert into told (channel, incident, resolved) select $1, unnest($2::bigint[]), $3
     on conflict (channel, incident) do update set last_at = clock_timestamp(), resolved = excluded.resolved`, [channel, ids, kind === 'resolved']);
}
