/** What people do to runs: end one, or ask for the same again. */
import { ReeveError } from '../../domain/errors.ts';
import { NOTHING_TO_CANCEL, OPEN_STATES, type RunInputs, type RunType } from '../../domain/run.ts';
import { type Change, commitChange, type Write } from '../change.ts';
import { translated } from '../errors.ts';
import { requireRun, type RunRow } from '../run.ts';
import { newRequest } from '../runs/request.ts';
import { writeAudit } from '../write-audit.ts';
import type { Asking } from './asking.ts';
import { requestDrainContainer, requestLaunchContainer } from './containers.ts';
import { requestReplaceContainer } from './replace-container.ts';
import type { Requested } from './site-life.ts';

/**
 * Ask that an open run ends. Its workflow undoes what was not published yet; a run that was never started goes through
 * its workflow too, since its request may have reserved names that only that gives back.
 * @throws ReeveError `not-found`, `conflict` when it is over or has nothing to cancel, `unavailable`
 */
export async function requestCancelRun(asking: Asking, id: string): Promise<void> {
  const { rowCount } = await translated(asking.db.query(
    `with asked as (update run set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
       where id = $1 and state = any($2) and type <> all($3) returning id)
     select pg_notify('reeve_run', id) from asked`, [id, OPEN_STATES, Object.keys(NOTHING_TO_CANCEL)]));
  const run = await requireRun(asking.db, id);
  const nothing = NOTHING_TO_CANCEL[run.type];
  if (nothing && OPEN_STATES.includes(run.state)) throw new ReeveError('conflict', `run ${id} is not cancelled: ${nothing}`, { run: id });
  if (!rowCount) throw new ReeveError('conflict', `run ${id} is over: ${run.state}`, { run: id });
  await writeAudit(asking.db, { actor: asking.actor, action: 'run.cancelled', subject: run.subject, run: id });
}

/** That a run may be asked for once more. @throws ReeveError `conflict` when it is open or has completed */
export function requireRetryable({ id, state }: Pick<RunRow, 'id' | 'state'>): void {
  if (OPEN_STATES.includes(state)) throw new ReeveError('conflict', `run ${id} is still ${state}`, { run: id });
  if (state === 'completed') throw new ReeveError('conflict', `run ${id} has completed: there is nothing to retry`, { run: id });
}

/**
 * A new run of the same type and input as one that did not end well (`requireRetryable`), if its subject is as that type
 * needs it. Whether whoever asks may, and whether a second person must agree, is the caller's to know.
 * @throws ReeveError `conflict` when its subject is gone or otherwise; `busy`, `unavailable`
 */
export async function requestRetryRun(asking: Asking, run: RunRow): Promise<Requested> {
  if (run.type === 'launchContainer') return await requestLaunchContainer(asking);
  if (run.type === 'drainContainer') return await requestDrainContainer(asking, { container: (run.input as RunInputs['drainContainer']).container });
  if (run.type === 'replaceContainer') {
    const { container, incarnation } = run.input as RunInputs['replaceContainer'];
    return await requestReplaceContainer(asking, { container, incarnation });
  }
  const request = newRequest(run.type, run.input as never);
  const change: Change = {
    actor: asking.actor, type: 'run.retrying', request, metadata: { run: request.id, of: run.id, subject: run.subject, ...(run.site === null ? {} : { site: run.site }) },
    writes: needs(run.type, run.input),
  };
  await commitChange(asking.db, change);
  return { run: request.id };
}

/** How a type's subject must be, for its run to begin once more. */
function needs(type: RunType, input: RunInputs[RunType]): Write[] {
  const at = input as { site: string; hostname: string; release: string };
  const site = (phase: string | readonly string[]): Write => ({ table: 'site', op: 'check', key: { id: at.site }, expect: { phase } });
  const release = (phase: string): Write => ({ table: 'release', op: 'check', key: { id: at.release }, expect: { phase } });
  const hostname: Write = { table: 'hostname', op: 'check', key: { hostname: at.hostname }, expect: { site: at.site } };
  switch (type) {
    case 'createSite': return [site('creating')];
    case 'deleteSite': case 'restoreSite': case 'purgeSite': return [site('deleted')];
    case 'suspendSite': case 'rotateSecrets': return [site(['live', 'suspended'])];
    case 'resumeSite': return [site(['suspended', 'live'])];
    case 'upgradeSite': return [site(['live', 'suspended']), release('ready')];
    case 'bindHostname': return [site(['live', 'suspended']), hostname];
    case 'unbindHostname': return [hostname];
    case 'prepareRelease':
      return [{ table: 'release', op: 'update', key: { id: at.release }, values: { phase: 'preparing' }, expect: { phase: ['preparing', 'failed'] } }];
    default: return [];
  }
}

