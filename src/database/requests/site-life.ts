/**
 * What changes a site's life, asked for by a person. Each locks the site alone, and its run's steps change the row;
 * only a deletion is committed here, where the shrink guard can say no to the person and not to a run.
 */
import type { SitePhase } from '../../domain/desired.ts';
import { ReeveError } from '../../domain/errors.ts';
import { commitChange, type Write } from '../change.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import { newRequest } from '../runs/request.ts';
import { type Asking, expecting } from './asking.ts';

export interface Requested {
  readonly run: string;
}

/** How long a deleted site can be restored. */
export const RESTORABLE_MS = 7 * 24 * 3_600_000;

/**
 * Stop serving a site, and lock its data.
 * @throws ReeveError `approval-needed` by the shrink guard, `conflict` by its phase, `busy`, `stale`, `unavailable`
 */
export async function requestDeleteSite(asking: Asking, site: string, now = Date.now()): Promise<Requested> {
  const request = newRequest('deleteSite', { site });
  await commitChange(asking.db, {
    actor: asking.actor, type: 'site.deleted', reason: asking.reason, approval: asking.approval, request,
    metadata: { site, run: request.id },
    writes: [{
      table: 'site', op: 'update', key: { id: site }, expect: expecting(asking, { phase: ['live', 'suspended', 'creating'] }),
      values: { phase: 'deleted', purge_at: new Date(now + RESTORABLE_MS).toISOString() },
    }],
  });
  return { run: request.id };
}

/** Serve a deleted site again. @throws ReeveError `conflict`, `busy`, `unavailable` */
export async function requestRestoreSite(asking: Asking, site: string): Promise<Requested> {
  return await ask(asking, site, 'restoreSite', 'site.restoring', ['deleted']);
}

/** Drop a deleted site's data for good. @throws ReeveError `conflict`, `busy`, `unavailable` */
export async function requestPurgeSite(asking: Asking, site: string): Promise<Requested> {
  return await ask(asking, site, 'purgeSite', 'site.purging', ['deleted']);
}

/**
 * Whether a site can be purged now, for a person who is asked whether it may.
 * @returns its rev: another one means another deletion
 * @throws ReeveError `conflict` by its phase, `busy`, `not-found`, `unavailable`
 */
export async function requirePurgeable(db: Queryable, site: string): Promise<number> {
  const { rows: [row] } = await translated(db.query<{ rev: number; phase: SitePhase; run: string | null }>(
    `select rev, phase, (select run from run_lock where subject = 'site:' || $1 limit 1) as run from site where id = $1 and deleted_at is null`, [site]));
  if (!row) throw new ReeveError('not-found', `there is no site ${site}`, { site });
  if (row.phase !== 'deleted') throw new ReeveError('conflict', `site ${site} is ${row.phase}; this takes one that is deleted`, { site });
  if (row.run !== null) throw new ReeveError('busy', `site:${site} is busy with run ${row.run}`, { subject: `site:${site}`, run: row.run });
  return row.rev;
}

/** Show the maintenance page instead. @throws ReeveError `conflict`, `busy`, `unavailable` */
export async function requestSuspendSite(asking: Asking, site: string): Promise<Requested> {
  return await ask(asking, site, 'suspendSite', 'site.suspending', ['live']);
}

/** Serve a suspended site again. @throws ReeveError `conflict`, `busy`, `unavailable` */
export async function requestResumeSite(asking: Asking, site: string): Promise<Requested> {
  return await ask(asking, site, 'resumeSite', 'site.resuming', ['suspended']);
}

/**
 * Move a site to another release that is ready.
 * @throws ReeveError `conflict` when the site has it already or it is not ready, `not-found`, `busy`, `unavailable`
 */
export async function requestUpgradeSite(asking: Asking, site: string, release: string): Promise<Requested> {
  const { rows } = await translated(asking.db.query<{ release: string | null; server: string; phase: string | null; own: string }>(
    `select s.release, r.phase, r.database_server as server, s.database_server as own from site s
     left join release r on r.id = $2 and r.deleted_at is null where s.id = $1`, [site, release]));
  const now = rows[0];
  if (now && now.phase === null) throw new ReeveError('not-found', `there is no release ${release}`, { release });
  if (now?.release === release) throw new ReeveError('conflict', `the site has release ${release} already`, { release });
  if (now && now.phase !== 'ready') throw new ReeveError('conflict', `release ${release} is ${now.phase}, not ready`, { release });
  const request = newRequest('upgradeSite', { site, release });
  await commitChange(asking.db, {
    actor: asking.actor, type: 'site.upgrading', reason: asking.reason, request, metadata: { site, release, run: request.id },
    writes: [
      phaseIs(asking, site, ['live', 'suspended']),
      { table: 'release', op: 'check', key: { id: release }, expect: { phase: 'ready' } },
    ],
  });
  return { run: request.id };
}

/** Give it another database password and other keys; the former ones work until every container has followed. @throws ReeveError `conflict`, `busy`, `unavailable` */
export async function requestRotateSecrets(asking: Asking, site: string): Promise<Requested> {
  return await ask(asking, site, 'rotateSecrets', 'site.rotating', ['live', 'suspended']);
}

type Plain = 'restoreSite' | 'purgeSite' | 'suspendSite' | 'resumeSite' | 'rotateSecrets';

async function ask(asking: Asking, site: string, type: Plain, event: string, phases: readonly SitePhase[]): Promise<Requested> {
  const request = newRequest(type, { site });
  await commitChange(asking.db, {
    actor: asking.actor, type: event, reason: asking.reason, request, metadata: { site, run: request.id },
    writes: [phaseIs(asking, site, phases)],
  });
  return { run: request.id };
}

function phaseIs(asking: Asking, site: string, phases: readonly SitePhase[]): Write {
  return { table: 'site', op: 'check', key: { id: site }, expect: expecting(asking, { phase: phases }) };
}
