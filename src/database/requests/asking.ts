/** What every request of a person is made of. */
import { ReeveError } from '../../domain/errors.ts';
import type { Actor } from '../change.ts';
import type { Queryable } from '../pool.ts';

export interface Asking {
  /** A pool, or the client of a transaction that also keeps the answer (Idempotency-Key). */
  readonly db: Queryable;
  readonly actor: Actor;
  /** If-Match: the rev that the person has read; undefined means whatever there is. */
  readonly rev?: number | undefined;
  readonly reason?: string | undefined;
  /** The approval that lets it pass the shrink guard. */
  readonly approval?: string | undefined;
}

/** The row's expectations, with If-Match if there was one; first, so that a stale reader is told so before anything else. */
export function expecting(asking: Asking, expect: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return asking.rev === undefined ? { ...expect } : { rev: asking.rev, ...expect };
}

/** An error for one field of the body. */
export function invalid(path: string, message: string): ReeveError {
  return new ReeveError('invalid', message, { errors: [{ path, message }] });
}
