import pg from 'pg';
import { isReeveError, ReeveError } from '../../domain/errors.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import type { Asking } from './asking.ts';

const TRIES = 10;

interface SiteRow {
  readonly rev: number;
  readonly settings: unknown;
  readonly env: Record<string, string>;
  readonly databaseServer: string;
}

/** A site's row as it is, for a change that is computed from it and committed only if it still is so. */
export async function readForUpdate(db: Queryable, site: string): Promise<SiteRow> {
  const { rows } = await translated(db.query<SiteRow>(
    'select rev, settings, env, database_server as "databaseServer" from site where id = $1 and deleted_at is null', [site]));
  if (!rows[0]) throw new ReeveError('not-found', `there is no site ${site}`, { site });
  return rows[0];
}

/**
 * Try again when somebody else was faster, unless the person named the rev they mean. Inside a transaction a refused
 * change is final: what went before it is rolled back with it.
 */
export async function retryStale<T>(asking: Asking, attempt: () => Promise<T>): Promise<T> {
  const inTransaction = !(asking.db instanceof pg.Pool);
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isReeveError(error, 'stale') || asking.rev !== undefined || inTransaction || tries === TRIES) throw error;
    }
  }
}
