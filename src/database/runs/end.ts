import type { RunInputs, RunState, RunType } from '../../domain/run.ts';
import { isReeveError } from '../../domain/errors.ts';
import { type Actor, commitChange, type Write } from '../change.ts';
import { type Client, type Pool, transaction } from '../pool.ts';
import { reserveHostname } from '../requests/hostname-row.ts';
import { finishRun, requestRun, requireRun } from '../run.ts';
import { newRequest } from './request.ts';

/** A run to request when another ends well. */
export type Next = { [Type in RunType]: { readonly type: Type; readonly input: RunInputs[Type] } }[RunType];

export interface RunEnd {
  readonly state: Exclude<RunState, 'requested' | 'running'>;
  readonly result?: Readonly<Record<string, unknown>> | undefined;
  readonly error?: { readonly type: string; readonly message: string } | undefined;
  readonly next?: readonly Next[] | undefined;
}

/**
 * Write a run's final state, release its locks, and request what follows, in one transaction: what follows needs the
 * locks, and must neither be lost nor requested twice. A request that is refused (a hostname taken meanwhile, a subject
 * busy) is named in the run's result as `notRequested`, and the others go on.
 * @returns whether this call ended the run; false when it was over already
 */
export async function endRun(pool: Pool, run: string, end: RunEnd): Promise<boolean> {
  return await transaction(pool, 'begin', async (client) => {
    if (!(await finishRun(client, run, end.state, { result: end.result, error: end.error }))) return false;
    if (!end.next?.length) return true;
    const actor = (await requireRun(client, run)).actor;
    const refused: string[] = [];
    for (const next of end.next) {
      const why = await requested(client, next, actor);
      if (why !== null) refused.push(`${next.type} ${'hostname' in next.input ? next.input.hostname : ''}: ${why}`);
    }
    if (refused.length > 0) {
      await client.query(`update run set result = coalesce(result, '{}') || jsonb_build_object('notRequested', $2::jsonb) where id = $1`,
        [run, JSON.stringify(refused)]);
    }
    return true;
  });
}

async function requested(client: Client, next: Next, actor: Actor): Promise<string | null> {
  await client.query('savepoint next');
  try {
    if (next.type === 'bindHostname') await bind(client, next.input, actor);
    else await requestRun(client, newRequest(next.type, next.input as never), actor);
    await client.query('release savepoint next');
    return null;
  } catch (error) {
    await client.query('rollback to savepoint next');
    if (!isReeveError(error) || error.type === 'unavailable') throw error;
    return error.message;
  }
}

/** As the API does it: the hostname is reserved in the change that requests its binding. */
async function bind(client: Client, input: RunInputs['bindHostname'], actor: Actor): Promise<void> {
  const { rows } = await client.query<{ site: string; phase: string }>(
    'select site, phase from hostname where hostname = $1 and deleted_at is null', [input.hostname]);
  const reserved = rows[0]?.site === input.site;
  const write: Write = reserved
    ? { table: 'hostname', op: 'check', key: { hostname: input.hostname }, expect: { site: input.site } }
    : reserveHostname(input.hostname, input.site, input.role);
  await commitChange(client, {
    actor, type: 'hostname.reserved', metadata: { site: input.site, hostname: input.hostname },
    writes: [write], request: newRequest('bindHostname', input),
  });
}
