import { ReeveError } from '../../domain/errors.ts';
import { translated } from '../errors.ts';
import { newId } from '../new-id.ts';
import { within } from '../pool.ts';
import { reasonGone } from '../replacements.ts';
import { requestRun } from '../run.ts';
import { newRequest } from '../runs/request.ts';
import { writeAudit } from '../write-audit.ts';
import type { Asking } from './asking.ts';
import type { Requested } from './site-life.ts';

/**
 * Ask that another container takes the place of this one: the new one first, then the old one goes. A person may ask
 * whatever the mode, the budget and the pause say; what one asks for is still one at a time, and surge first.
 * @param incident the one that this is about: refused as stale when it is closed
 * @throws ReeveError `not-found`; `conflict` when it is over, another incarnation, an edge, being replaced, or stale;
 *   `busy`, `unavailable`
 */
export async function requestReplaceContainer(asking: Asking, { container, incarnation, successor = newId('c'), incident = null }: {
  container: string; incarnation?: number | undefined; successor?: string; incident?: number | null;
}): Promise<Requested & { successor: string }> {
  return await translated(within(asking.db, async (db) => {
    await db.query('select 1 from platform for update');
    const { rows: [now] } = await db.query<{
      incarnation: number; wanted: string; role: string; closed: boolean; heardAgain: boolean; replacing: string | null;
    }>(
      `select incarnation, wanted, role, exists (select 1 from incident i where i.id = $2 and i.state = 'closed') as closed,
         lease_expires_at > clock_timestamp() and exists (select 1 from incident i where i.id = $2 and i.cause = 'lease-lapsed') as "heardAgain",
         coalesce((select p.container from replacement p where p.state = 'running'),
           -- It has no slot yet. This one's own is told as what holds its lock.
           (select r.input ->> 'container' from run r
            where r.type = 'replaceContainer' and r.state in ('requested', 'running') and r.input ->> 'container' <> $1 limit 1)) as replacing
       from container where id = $1`, [container, incident]);
    const subject = `container:${container}`;
    const refuse = (why: string) => new ReeveError('conflict', why, { subject });
    if (!now) throw new ReeveError('not-found', `there is no container ${container}`, { subject });
    if (now.closed) throw refuse(`incident ${incident} is closed: nothing is to be replaced because of it`);
    // Whoever decided may have been paused since it looked.
    if (now.heardAgain) throw refuse(`container ${container} is heard of again: its lease holds`);
    if (now.wanted !== 'running') throw refuse(`container ${container} is to be ${now.wanted} already`);
    if (now.role !== 'site') throw refuse(`container ${container} is an edge: two cannot have one address`);
    if (now.incarnation === 0) throw refuse(`container ${container} has not started yet`);
    if (incarnation !== undefined && incarnation !== now.incarnation) {
      throw refuse(`container ${container} has started again: it is incarnation ${now.incarnation} now`);
    }
    if (now.replacing) throw refuse(`container ${now.replacing} is being replaced: one at a time`);
    // What would be refused the slot is not requested: it would end as superseded, and be requested again at the next look.
    const gone = incident !== null && asking.actor.kind === 'system' ? await reasonGone(db, { incident, run: null }) : null;
    if (gone) throw refuse(gone.why);
    const request = newRequest('replaceContainer', { container, incarnation: now.incarnation, successor, incident });
    await requestRun(db, request, asking.actor);
    await writeAudit(db, {
      actor: asking.actor, action: 'container.replacing', subject, run: request.id, after: { successor, incident },
      ...(asking.reason ? { reason: asking.reason } : {}),
    });
    await db.query('insert into notice (type, metadata) values ($1, $2)', ['container.replacing', JSON.stringify({ container, successor, run: request.id })]);
    await db.query(`select pg_notify('reeve_notice', $1)`, [JSON.stringify({ type: 'container.replacing', container, successor, run: request.id })]);
    return { run: request.id, successor };
  }));
}
