/** The platform's rows of containers, as the control worker writes them: which there are, and what is wanted of them. */
import { translated } from '../database/errors.ts';
import { type Pool, transaction } from '../database/pool.ts';
import { ReeveError } from '../domain/errors.ts';
import type { ContainerState, ContainerWanted, Waiting } from '../domain/observed.ts';
import type { ContainerRef } from './driver.ts';

export interface ContainerRow {
  readonly id: string;
  readonly slot: string;
  readonly role: 'site' | 'edge';
  readonly incarnation: number;
  readonly wanted: ContainerWanted;
  readonly state: ContainerState;
  /** Whether its lease holds, by the database's clock. */
  readonly alive: boolean;
  readonly waitingOn: readonly Waiting[];
}

const COLUMNS = `id, slot, role, incarnation, wanted, state, waiting_on as "waitingOn",
  coalesce(lease_expires_at > clock_timestamp(), false) as alive`;

/** Null when there is none. */
export async function readContainer(pool: Pool, id: string): Promise<ContainerRow | null> {
  const { rows } = await translated(pool.query<ContainerRow>(`select ${COLUMNS} from container where id = $1`, [id]));
  return rows[0] ?? null;
}

/** From now on the edge may send it visitors, and is told at once: whoever was there before may be gone in a moment. */
export async function admitContainer(pool: Pool, id: string): Promise<void> {
  await translated(pool.query(
    `with changed as (update container set admitted_at = clock_timestamp() where id = $1 and admitted_at is null returning id)
     select pg_notify('reeve_member', id) from changed`, [id]));
}

/**
 * Have a row for the container of this slot. Idempotent.
 * @param container.joining  it gets no visitors until it is admitted
 * @throws ReeveError `superseded` when the slot is another container's, or this one is not wanted running any more
 */
export async function insertContainer(
  pool: Pool, container: { id: string; slot: string; role: 'site' | 'edge'; joining?: boolean },
): Promise<ContainerRow> {
  const { id, slot, role, joining } = container;
  await translated(pool.query(
    'insert into container (id, slot, role, admitted_at) values ($1, $2, $3, case when $4 then null else clock_timestamp() end) on conflict do nothing',
    [id, slot, role, joining ?? false]));
  const { rows } = await translated(pool.query<ContainerRow>(
    `select ${COLUMNS} from container where slot = $1 or id = $2`, [slot, id]));
  const [row] = rows;
  if (rows.length !== 1 || row!.id !== id || row!.slot !== slot || row!.role !== role) {
    throw new ReeveError('superseded', `slot ${slot} is not container ${id}’s`, { subject: `container:${id}`, slot });
  }
  if (row!.wanted !== 'running') {
    throw new ReeveError('superseded', `container ${id} is wanted ${row!.wanted}`, { subject: `container:${id}` });
  }
  return row!;
}

/**
 * Want the container drained, or ended; never back. Its agent hears of it with its next record, the edge at once.
 * @throws ReeveError `superseded` when another incarnation runs by now; `not-found`
 */
export async function wantContainer(pool: Pool, { id, incarnation }: ContainerRef, wanted: 'drained' | 'ended'): Promise<void> {
  const { rows } = await translated(pool.query<{ told: unknown }>(
    `with changed as (
       update container set wanted = case when wanted = 'ended' then wanted else $3 end
         where id = $1 and incarnation = $2 returning id)
     select pg_notify('reeve_member', id) as told from changed`, [id, incarnation, wanted]));
  if (rows.length > 0) return;
  const row = await readContainer(pool, id);
  if (!row) throw new ReeveError('not-found', `there is no container ${id}`, { subject: `container:${id}` });
  throw new ReeveError('superseded', `container ${id} is at incarnation ${row.incarnation}, not ${incarnation}`,
    { subject: `container:${id}`, incarnation: row.incarnation });
}

/** Record that nothing of the container runs any more: its agent cannot. Only of one that is wanted ended; what was probed there says nothing now. */
export async function recordEnded(pool: Pool, { id, incarnation }: ContainerRef): Promise<void> {
  await transaction(pool, 'begin', async (client) => {
    const { rowCount } = await translated(client.query(
      `update container set state = 'ended', ended_at = coalesce(ended_at, clock_timestamp()), lease_expires_at = null
         where id = $1 and incarnation = $2 and wanted = 'ended'`, [id, incarnation]));
    // A statement of its own: a sweep that was being stored has been waited for above, and is seen only now.
    if (rowCount) await translated(client.query('delete from latest_probe where container = $1', [id]));
  });
}
