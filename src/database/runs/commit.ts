import { isReeveError, ReeveError } from '../../domain/errors.ts';
import { type Actor, type Change, type Committed, commitChange } from '../change.ts';
import { translated } from '../errors.ts';
import type { Pool } from '../pool.ts';

/**
 * Commit a change on a run's behalf: refused when the run is not running any more, and when a row is not as the step
 * expects, which both mean that something else has decided meanwhile (law 9).
 * @throws ReeveError `superseded`, and what commitChange throws
 */
export async function commitFor(pool: Pool, run: string, change: Omit<Change, 'actor' | 'run'>): Promise<Committed> {
  try {
    return await commitChange(pool, { ...change, actor: await actorOf(pool, run), run });
  } catch (error) {
    if (!isReeveError(error)) throw error;
    if (error.type !== 'conflict' && error.type !== 'not-found' && error.type !== 'stale') throw error;
    throw new ReeveError('superseded', `${error.message}: it changed under this run`, { ...error.fields, run }, error);
  }
}

/** The run as the author, with the name of who asked for it. */
async function actorOf(pool: Pool, run: string): Promise<Actor> {
  const { rows } = await translated(pool.query<{ actor: Actor }>('select actor from run where id = $1', [run]));
  return { kind: 'run', id: run, name: rows[0]?.actor.name ?? 'unknown' };
}
