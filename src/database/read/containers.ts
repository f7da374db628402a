import { ReeveError } from '../../domain/errors.ts';
import type { Container, ContainerCondition, ContainerOrder } from '../../domain/resources/container.ts';
import { runLink, type RunRef } from '../../domain/resources/links.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import { afterLast, type Column, inOrder, keyed, type Last, orderOf, valuesOf } from './order.ts';

type Row = Omit<Container, 'startedAt' | 'seenAt' | 'endedAt' | 'leaseExpiresAt' | 'run'> & {
  startedAt: Date; seenAt: Date | null; endedAt: Date | null; leaseExpiresAt: Date | null; run: RunRef | null;
};

const SELECT = `
  select c.id, c.slot, c.role, c.incarnation, c.state, c.wanted, coalesce(c.lease_expires_at > clock_timestamp(), false) as alive,
    c.address || ':' || c.port as address, c.observed_epoch as "observedEpoch", c.observed_generation as "observedGeneration",
    c.digests, c.lease_expires_at as "leaseExpiresAt", c.waiting_on as "waitingOn", c.vassals,
    case when c.lease_expires_at > clock_timestamp() then c.load end as load, c.started_at as "startedAt",
    c.seen_at as "seenAt", c.ended_at as "endedAt",
    coalesce((select jsonb_agg(jsonb_build_object('site', q.site, 'wantedRev', q.wanted_rev, 'servedRev', q.served_rev,
        'reason', q.reason, 'since', q.since) order by q.site)
      from quarantine q where q.container = c.id and q.incarnation = c.incarnation), '[]') as quarantined,
    (select jsonb_build_object('id', r.id, 'type', r.type, 'state', r.state) from run_lock l join run r on r.id = l.run
      where l.subject = 'container:' || c.id limit 1) as run
  from container c`;

/** @throws ReeveError `not-found`, `unavailable` */
export async function readContainer(db: Queryable, id: string): Promise<Container> {
  const { rows } = await translated(db.query<Row>(`${SELECT} where c.id = $1`, [id]));
  if (!rows[0]) throw new ReeveError('not-found', `there is no container ${id}`, { subject: `container:${id}` });
  return toResource(rows[0]);
}

// As /platform counts them.
const ENDED = `(c.state = 'ended' or c.wanted = 'ended')`;
const LOST = `(c.wanted = 'running' and c.state <> 'starting' and coalesce(c.lease_expires_at, '-infinity') < clock_timestamp())`;
const WAITS = `(c.waiting_on <> '[]' or exists (select 1 from quarantine q where q.container = c.id and q.incarnation = c.incarnation))`;
const GENERATIONS = `case when ${ENDED} then 0 when c.observed_epoch = p.epoch then greatest(p.generation - c.observed_generation, 0) else p.generation end`;

const CONDITIONS: Readonly<Record<ContainerCondition, string>> = {
  ended: ENDED,
  lost: LOST,
  behind: `c.wanted = 'running' and c.state = 'ready' and not ${LOST} and (${GENERATIONS} > 0 or ${WAITS})`,
  starting: `c.state = 'starting' and not ${ENDED}`,
  ready: `c.state = 'ready' and not ${ENDED} and not ${LOST}`,
  draining: `c.state = 'draining' and not ${ENDED} and not ${LOST}`,
};

const loadOf = (name: string): Column => ({ key: `coalesce(case when c.lease_expires_at > clock_timestamp() then c.load ->> '${name}' end, '-1')::numeric`, type: 'numeric' });
const ORDERS = {
  id: { key: 'c.id', type: 'text' }, started: { key: 'c.started_at', type: 'timestamptz' }, cpu: loadOf('cpu'), memory: loadOf('memory'), requests: loadOf('requests'),
  behind: { key: `(case when ${LOST} then 9e15 else 2 * (${GENERATIONS}) + case when not ${ENDED} and ${WAITS} then 1 else 0 end end)::numeric`, type: 'numeric' },
} satisfies Record<string, Column>;

export interface ContainerFilter {
  readonly limit: number;
  readonly after?: Last | null;
  /** Also those that have ended. */
  readonly ended?: boolean;
  readonly state?: ContainerCondition | undefined;
  /** In its id or its address. */
  readonly search?: string | undefined;
  readonly sort?: ContainerOrder;
}

/** Containers in order, after one, each with its key; one more than `limit` when there is a next page. */
export async function listContainers(
  db: Queryable, { limit, after, ended = false, state, search, sort = 'id' }: ContainerFilter,
): Promise<{ container: Container; key: string }[]> {
  const order = orderOf(ORDERS, sort);
  const { rows } = await translated(db.query<Row & { key: string }>(
    `${keyed(SELECT, order)} cross join platform p
     where ${afterLast(order, 'c.id', 2)} and ($4 or not ${ENDED}) and ($5::text is null or strpos(c.id, $5) > 0 or strpos(c.address || ':' || c.port, $5) > 0)
       ${state ? `and ${CONDITIONS[state]}` : ''}
     ${inOrder(order, 'c.id')} limit $1`,
    [limit + 1, ...valuesOf(order, after), ended || state === 'ended', search?.toLowerCase() ?? null]));
  return rows.map(({ key, ...row }) => ({ key, container: toResource(row) }));
}

/** Where a container's agent can be asked. */
export interface AgentPlace {
  readonly id: string;
  readonly incarnation: number;
  readonly agentUrl: string;
}

/** The agents of the containers that serve sites now, by the database's clock. @throws ReeveError `unavailable` */
export async function listAgents(db: Queryable): Promise<AgentPlace[]> {
  const { rows } = await translated(db.query<AgentPlace>(
    `select id, incarnation, agent_url as "agentUrl" from container where role = 'site' and wanted = 'running' and state = 'ready'
       and agent_url is not null and lease_expires_at > clock_timestamp() order by id`));
  return rows;
}

function toResource(row: Row): Container {
  return {
    ...row,
    leaseExpiresAt: row.leaseExpiresAt?.toISOString() ?? null,
    startedAt: row.startedAt.toISOString(),
    seenAt: row.seenAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
    run: row.run ? runLink(row.run) : null,
  };
}
