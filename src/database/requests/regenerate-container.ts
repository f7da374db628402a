import { ReeveError } from '../../domain/errors.ts';
import { addNotice } from '../notice.ts';
import { translated } from '../errors.ts';
import { within } from '../pool.ts';
import { requestRun } from '../run.ts';
import { newRequest } from '../runs/request.ts';
import { writeAudit } from '../write-audit.ts';
import type { Asking } from './asking.ts';
import type { Requested } from './site-life.ts';

/**
 * Ask that a container's files are made anew from the newest state.
 * @throws ReeveError `not-found`; `conflict` when it is an edge, is over, or does not serve now; `busy`, `unavailable`
 */
export async function requestRegenerateContainer(
  asking: Asking, { container, incarnation }: { container: string; incarnation?: number | undefined },
): Promise<Requested> {
  return await translated(within(asking.db, async (db) => {
    const { rows: [now] } = await db.query<{ incarnation: number; wanted: string; role: string; serves: boolean }>(
      `select incarnation, wanted, role, state = 'ready' and coalesce(lease_expires_at > clock_timestamp(), false) as serves
       from container where id = $1`, [container]);
    const subject = `container:${container}`;
    const refuse = (why: string) => new ReeveError('conflict', why, { subject });
    if (!now) throw new ReeveError('not-found', `there is no container ${container}`, { subject });
    if (now.role !== 'site') throw refuse(`container ${container} is an edge: it has no sites’ files`);
    if (now.wanted !== 'running') throw refuse(`container ${container} is to be ${now.wanted} already`);
    if (incarnation !== undefined && incarnation !== now.incarnation) {
      throw refuse(`container ${container} has started again: it is incarnation ${now.incarnation} now`);
    }
    if (!now.serves) throw refuse(`container ${container} does not serve now: its agent would not hear of it`);
    const request = newRequest('regenerateContainer', { container, incarnation: now.incarnation });
    await requestRun(db, request, asking.actor);
    await writeAudit(db, {
      actor: asking.actor, action: 'container.regenerating', subject, run: request.id, ...(asking.reason ? { reason: asking.reason } : {}),
    });
    await addNotice(db, 'container.regenerating', { container, run: request.id });
    return { run: request.id };
  }));
}
