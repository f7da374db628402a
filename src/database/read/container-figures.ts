import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

export interface ContainerFigures {
  readonly id: string;
  readonly role: 'site' | 'edge';
  /** `lost`: it should serve, and its lease has lapsed. */
  readonly state: string;
  readonly wanted: string;
  readonly lagGenerations: number;
  /** Since the oldest change that it has not followed. */
  readonly lagSeconds: number;
  readonly vassals: Readonly<Record<string, number>>;
  readonly quarantined: number;
}

/** The containers that are there, for metrics. @throws ReeveError `unavailable` */
export async function readContainerFigures(db: Queryable): Promise<{ generation: number; containers: ContainerFigures[] }> {
  const { rows } = await translated(db.query<{ generation: number; containers: ContainerFigures[] }>(`
    select p.generation, coalesce((select jsonb_agg(jsonb_build_object('id', c.id, 'role', c.role, 'wanted', c.wanted, 'vassals', c.vassals,
        'state', case when c.wanted = 'running' and c.state <> 'starting' and coalesce(c.lease_expires_at, '-infinity') < clock_timestamp()
          then 'lost' else c.state end,
        'lagGenerations', greatest(p.generation - c.observed_generation, 0),
        'lagSeconds', coalesce((select extract(epoch from clock_timestamp() - e.at) from event e where e.id > c.observed_generation order by e.id limit 1), 0),
        'quarantined', (select count(*) from quarantine q where q.container = c.id and q.incarnation = c.incarnation)) order by c.id)
      from container c where c.wanted <> 'ended' and c.state <> 'ended'), '[]') as containers
    from platform p`));
  return rows[0]!;
}
