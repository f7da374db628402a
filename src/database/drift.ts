/** Drift as it is recorded: found, shown with what differed, mended. */
import type { Drift } from '../domain/observed.ts';
import type { DriftEntry, DriftOrder, IntegrityCheck } from '../domain/resources/drift.ts';
import { translated } from './errors.ts';
import { type Pool, type Queryable, within } from './pool.ts';

export interface FoundDrift extends Drift {
  /** A unified diff with secrets masked; null where there is none to show. */
  readonly diff: string | null;
}

export interface CheckedIntegrity {
  readonly container: string;
  readonly incarnation: number;
  readonly verdict: IntegrityCheck['verdict'];
  readonly reason: string | null;
  readonly files: number;
  readonly drift: readonly FoundDrift[];
  /** When its files were listed, by the database's clock; absent where none were. */
  readonly listedAt?: Date | undefined;
}

/** Rows of one check at most: of thousands of files that are gone the first say as much. */
const MOST_ROWS = 200;

/**
 * Record a check, and what it found: each file once while it is not mended. What an earlier check found and this one
 * does not is mended. What its agent has recorded since the files were listed is no finding any more: it was found, and
 * mended, by the container itself. An unknown says nothing of any file.
 */
export async function recordCheck(db: Queryable, checked: CheckedIntegrity): Promise<void> {
  const { container, incarnation, verdict, reason, files } = checked;
  const drift = checked.drift.slice(0, MOST_ROWS);
  await translated(within(db, async (client) => {
    await client.query(
      `insert into integrity_check as i (container, incarnation, verdict, reason, files, drifted) values ($1, $2, $3, $4, $5, $6)
       on conflict (container) do update set incarnation = excluded.incarnation, at = excluded.at, verdict = excluded.verdict,
         reason = excluded.reason, files = excluded.files, drifted = excluded.drifted,
         since = case when i.verdict = excluded.verdict then i.since else excluded.since end`,
      [container, incarnation, verdict, reason, files, checked.drift.length]);
    if (verdict === 'unknown') return;
    await client.query(
      'update drift set mended_at = clock_timestamp() where container = $1 and mended_at is null and not path = any($2)',
      [container, drift.map(({ path }) => path)]);
    await client.query(
      `insert into drift (container, incarnation, path, kind, diff, found_by)
         select $1, $2, e ->> 'path', e ->> 'kind', e ->> 'diff', 'check' from jsonb_array_elements($3) e
         where not exists (select 1 from drift d where d.container = $1 and d.path = e ->> 'path' and (d.mended_at is null or d.mended_at >= $4))`,
      [container, incarnation, JSON.stringify(drift), checked.listedAt ?? null]);
  }));
}

interface Row extends Omit<DriftEntry, 'foundAt' | 'mendedAt'> {
  foundAt: Date;
  mendedAt: Date | null;
}

/** A container's drift, newest first unless said otherwise; one more than `limit` when there is a next page. */
export async function listDrift(
  db: Queryable, container: string, { limit, after, sort = '-at' }: { limit: number; after?: number | undefined; sort?: DriftOrder },
): Promise<DriftEntry[]> {
  // Ids rise with time.
  const isUp = sort === 'at';
  const { rows } = await translated(db.query<Row>(
    `select id, incarnation, path, kind, diff, found_by as "foundBy", found_at as "foundAt", mended_at as "mendedAt"
       from drift where container = $1 and ($2::bigint is null or id ${isUp ? '>' : '<'} $2) order by id ${isUp ? 'asc' : 'desc'} limit $3`,
    [container, after ?? null, limit + 1]));
  return rows.map((row) => ({ ...row, foundAt: row.foundAt.toISOString(), mendedAt: row.mendedAt?.toISOString() ?? null }));
}

/** The last check of a container; null before the first. */
export async function lastCheck(db: Queryable, container: string): Promise<IntegrityCheck | null> {
  const { rows } = await translated(db.query<Omit<IntegrityCheck, 'at' | 'since'> & { at: Date; since: Date }>(
    'select incarnation, at, verdict, reason, files, drifted, since from integrity_check where container = $1', [container]));
  const row = rows[0];
  return row ? { ...row, at: row.at.toISOString(), since: row.since.toISOString() } : null;
}

/** Whom to check: the containers of sites, or the edges, that are wanted and whose agent lives. */
export async function containersToCheck(pool: Pool, role: 'site' | 'edge' = 'site'): Promise<{ container: string; incarnation: number }[]> {
  const { rows } = await translated(pool.query<{ container: string; incarnation: number }>(
    `select id as container, incarnation from container where role = $1 and wanted = 'running' and state = 'ready'
       and lease_expires_at > clock_timestamp() order by id`, [role]));
  return rows;
}
