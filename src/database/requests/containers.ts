/** Members of the cluster, asked for by people. Their rows are no desired state of sites, so no generation rises. */
import { ReeveError } from '../../domain/errors.ts';
import { translated } from '../errors.ts';
import { newId } from '../new-id.ts';
import { type Queryable, within } from '../pool.ts';
import { requestRun } from '../run.ts';
import { newRequest } from '../runs/request.ts';
import { writeAudit } from '../write-audit.ts';
import type { Asking } from './asking.ts';
import type { Requested } from './site-life.ts';

/**
 * Ask for one more container.
 * @param role `site` serves sites, `edge` spreads visitors over those
 * @throws ReeveError `unavailable`
 */
export async function requestLaunchContainer(
  asking: Asking, { role = 'site', slot }: { role?: 'site' | 'edge'; slot?: string } = {},
): Promise<Requested & { container: string }> {
  const container = newId('c');
  const input = { container, slot: slot ?? container };
  const request = newRequest('launchContainer', input);
  await translated(within(asking.db, async (db) => {
    // Its run admits it.
    await db.query('insert into container (id, slot, role, admitted_at) values ($1, $2, $3, null)', [container, input.slot, role]);
    await requestRun(db, request, asking.actor);
    await record(db, asking, 'container.launching', container, request.id);
  }));
  return { container, run: request.id };
}

/**
 * Ask that a container takes no more visitors, finishes what it has, and ends.
 * @param force also when no other container would be left that serves
 * @throws ReeveError `not-found`, `conflict` when it is over, another incarnation, or the last one that serves; `busy`, `unavailable`
 */
export async function requestDrainContainer(
  asking: Asking, { container, incarnation, force = false }: { container: string; incarnation?: number | undefined; force?: boolean },
): Promise<Requested> {
  return await translated(within(asking.db, async (db) => {
    // The lock that orders all requests: of two that drain the last two, the second sees the first.
    await db.query('select 1 from platform for update');
    const { rows } = await db.query<{ incarnation: number; wanted: string; role: string; others: number }>(
      `select incarnation, wanted, role, (select count(*) from container o where o.role = 'site' and o.id <> c.id
         and o.wanted = 'running' and o.state = 'ready' and o.admitted_at is not null and o.lease_expires_at > clock_timestamp()
         and not exists (select 1 from run_lock l join run r on r.id = l.run
           where l.subject = 'container:' || o.id and r.type = 'drainContainer')) as others
       from container c where id = $1`, [container]);
    const now = rows[0];
    const subject = `container:${container}`;
    if (!now) throw new ReeveError('not-found', `there is no container ${container}`, { subject });
    if (now.wanted !== 'running') throw new ReeveError('conflict', `container ${container} is to be ${now.wanted} already`, { subject });
    if (incarnation !== undefined && incarnation !== now.incarnation) {
      throw new ReeveError('conflict', `container ${container} has started again: it is incarnation ${now.incarnation} now`, { subject });
    }
    if (now.role === 'site' && now.others === 0 && !force) {
      throw new ReeveError('conflict', `no other container serves: launch one first, or say force`, { subject });
    }
    const request = newRequest('drainContainer', { container, incarnation: now.incarnation });
    await requestRun(db, request, asking.actor);
    await record(db, asking, 'container.draining', container, request.id);
    return { run: request.id };
  }));
}

async function record(db: Queryable, asking: Asking, type: string, container: string, run: string): Promise<void> {
  await writeAudit(db, { actor: asking.actor, action: type, subject: `container:${container}`, run, ...(asking.reason ? { reason: asking.reason } : {}) });
  await db.query('insert into notice (type, metadata) values ($1, $2)', [type, JSON.stringify({ container, run })]);
  await db.query("select pg_notify('reeve_notice', $1)", [JSON.stringify({ type, container, run })]);
}
