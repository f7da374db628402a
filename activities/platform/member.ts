import { translated } from '../../src/database/errors.ts';
import type { Pool } from '../../src/database/pool.ts';
import type { ContainerWanted } from '../../src/domain/observed.ts';

export function memberActivities({ pool }: { readonly pool: Pool }) {
  return {
    /** Which start of the container is the one to act on now; null where there never was such a container. */
    async incarnationOf({ container }: { readonly container: string }): Promise<number | null> {
      const { rows } = await translated(pool.query<{ incarnation: number }>(
        'select incarnation from container where id = $1', [container]));
      return rows[0]?.incarnation ?? null;
    },

    /** What is wanted of a container, or of this start of it; null when another one runs, or there never was such a container. */
    async wantedOf({ container, incarnation = null }: { readonly container: string; readonly incarnation?: number | null }): Promise<ContainerWanted | null> {
      const { rows } = await translated(pool.query<{ wanted: ContainerWanted }>(
        'select wanted from container where id = $1 and incarnation = coalesce($2, incarnation)', [container, incarnation]));
      return rows[0]?.wanted ?? null;
    },
  };
}
