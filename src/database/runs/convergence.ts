import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

export interface ContainerConvergence {
  readonly container: string;
  readonly served: boolean;
  /** It tried the site's newest row, could not run it, and has quarantined it: it will not follow. */
  readonly refused: boolean;
  /** What it runs, what is wanted, and what it waits for; for people. */
  readonly why: Readonly<Record<string, unknown>>;
}

/** For each container that is ready and alive now: whether it serves the newest state of the site. */
export async function readConvergence(pool: Queryable, site: string): Promise<ContainerConvergence[]> {
  const { rows } = await translated(pool.query<ContainerConvergence>('select * from convergence($1)', [site]));
  return rows;
}

/**
 * Site containers that may still serve an older state of the site, whether they can be asked now or not: unknown is not
 * absent, so one that is cut off counts until it has ended.
 */
export async function readStragglers(pool: Queryable, site: string): Promise<string[]> {
  const { rows } = await translated(pool.query<{ container: string }>(
    'select container from site_service($1) where not served order by container', [site]));
  return rows.map((row) => row.container);
}
