import type { Member } from '../domain/desired.ts';
import type { Layout } from '../domain/layout.ts';
import type { ContainerRecord, ContainerWanted } from '../domain/observed.ts';
import { translated } from './errors.ts';
import type { Pool } from './pool.ts';

/** Where a container can be reached, and how its files are laid out. */
export interface Place {
  readonly address: string;
  readonly port: number;
  /** The agent's own listener, e.g. `http://127.0.0.1:40123`. */
  readonly agentUrl: string;
  readonly layout: Layout | null;
}

/**
 * Say that a container has started; `incarnation` 0 for a new start, or the one it has when only its agent restarted.
 * @returns its incarnation
 * @throws ReeveError `conflict` when the container is not wanted or that incarnation is over; `unavailable`
 */
export async function joinContainer(pool: Pool, id: string, incarnation: number, place: Place): Promise<number> {
  const { rows } = await translated(
    pool.query<{ join: number }>('select join_container($1, $2, $3) as join', [id, incarnation, JSON.stringify(place)]),
  );
  return rows[0]!.join;
}

/**
 * Record what a container runs and renew its lease (15 s by the database's clock). An empty record only renews.
 * @returns what the platform wants of the container
 * @throws ReeveError `conflict` when that incarnation is over; `unavailable`
 */
export async function observeContainer(
  pool: Pool, id: string, incarnation: number, record: Partial<ContainerRecord>,
): Promise<ContainerWanted> {
  const { rows } = await translated(
    pool.query<{ wanted: ContainerWanted }>('select observe_container($1, $2, $3) as wanted',
      [id, incarnation, JSON.stringify(record)]),
  );
  return rows[0]!.wanted;
}

/** The containers that the edge may use by what they last said; its own check comes on top. */
export async function readMembers(pool: Pool): Promise<Member[]> {
  const { rows } = await translated(pool.query<Member>('select * from member_v1 order by id'));
  return rows;
}
