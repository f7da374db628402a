import type { Lock } from '../domain/run.ts';
import { translated } from './errors.ts';
import type { Queryable } from './pool.ts';

/** Who acts: a token or person through the API, a run, or Reeve itself. Recorded in every event and audit row. */
export interface Actor {
  readonly kind: 'token' | 'user' | 'run' | 'system';
  readonly id: string;
  readonly name: string;
  readonly address?: string;
  /** The person whose token it is. */
  readonly user?: string;
}

export type DesiredTable = 'site' | 'hostname' | 'release' | 'database_server' | 'platform';

export interface Write {
  readonly table: DesiredTable;
  /** `check` only looks, for a request whose workflow will write the row later. */
  readonly op: 'insert' | 'update' | 'delete' | 'check';
  /** `{id}`, or `{hostname}`. */
  readonly key?: Readonly<Record<string, unknown>>;
  /** Columns by their Postgres names. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** What the row must hold now; an array means any of these. `rev` here is If-Match. */
  readonly expect?: Readonly<Record<string, unknown>>;
}

export interface RunRequest {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly site?: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly locks: readonly Lock[];
}

export interface Change {
  readonly actor: Actor;
  /** The event's type, e.g. `hostname.bound`. */
  readonly type: string;
  /** Identities only, never contents: it is broadcast. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly reason?: string | undefined;
  /** The run on whose behalf: refused as superseded when it is not running any more. */
  readonly run?: string | undefined;
  readonly approval?: string | undefined;
  readonly writes: readonly Write[];
  readonly request?: RunRequest | readonly RunRequest[] | undefined;
}

export interface Committed {
  readonly epoch: number;
  readonly generation: number;
  /** The rows after each write, in order. */
  readonly rows: readonly Record<string, unknown>[];
}

/**
 * Commit a change of desired state: all of it or nothing, as the next generation.
 * @throws ReeveError `not-found`, `stale`, `conflict`, `exists`, `busy` (fields.run), `approval-needed`, `superseded`,
 *   `unavailable`
 */
export async function commitChange(pool: Queryable, change: Change): Promise<Committed> {
  const result = await translated(
    pool.query<{ change: Committed }>('select change($1)', [JSON.stringify(change)]),
  );
  return result.rows[0]!.change;
}
