/** What a step on a site's parts needs of the platform's state, and whether it may still be done (law 9). */
import { translated } from '../database/errors.ts';
import { type Pool, transaction } from '../database/pool.ts';
import type {
  DatabaseServerDesired, HostnameDesired, PlatformSettings, ReleaseDesired, SiteDesired, SitePhase,
} from '../domain/desired.ts';
import { ReeveError } from '../domain/errors.ts';
import type { SitesServer } from './server.ts';

export interface SiteSubject {
  readonly site: SiteDesired;
  readonly hostnames: readonly HostnameDesired[];
  readonly server: DatabaseServerDesired;
  readonly settings: PlatformSettings;
}

/** The site with all that its parts depend on, as one generation has it; null when it is not there at all. */
export async function readSubject(pool: Pool, id: string): Promise<SiteSubject | null> {
  return await transaction(pool, 'begin isolation level repeatable read read only', async (client) => {
    const all = async <Row>(sql: string, value: string) => (await client.query(sql, [value])).rows as Row[];
    const [site] = await all<SiteDesired>('select * from desired_v1_site where id = $1', id);
    if (!site) return null;
    const [server] = await all<DatabaseServerDesired>('select * from desired_v1_database_server where id = $1', site.databaseServer);
    const hostnames = await all<HostnameDesired>('select * from desired_v1_hostname where site = $1 and not deleted', id);
    const { rows: [platform] } = await client.query<{ settings: PlatformSettings }>('select settings from desired_v1_platform');
    return { site, hostnames, server: server!, settings: platform!.settings };
  });
}

/**
 * The site, in one of these phases.
 * @throws ReeveError `superseded` when it is in another one, or gone
 */
export async function expectSite(pool: Pool, id: string, phases: readonly SitePhase[]): Promise<SiteSubject> {
  const subject = await readSubject(pool, id);
  const phase = !subject || subject.site.deleted ? 'gone' : subject.site.phase;
  if (subject && phases.includes(phase as SitePhase)) return subject;
  throw new ReeveError('superseded', `site ${id} is ${phase}, not ${phases.join(' or ')}`, { subject: `site:${id}` });
}

/** @throws ReeveError `conflict` when the site's database is on a server that this worker does not administer */
export function administeredBy({ id }: Pick<SitesServer, 'id'>, subject: SiteSubject): SiteSubject {
  const { site } = subject;
  if (site.databaseServer === id) return subject;
  throw new ReeveError('conflict', `site ${site.id} is on database server ${site.databaseServer}; this worker administers ${id}`,
    { databaseServer: site.databaseServer });
}

/**
 * The site whose parts are to be removed: one that is being created or was deleted. Its tombstone will do.
 * @throws ReeveError `superseded` when it is served; `not-found` when nothing is known of it: then nothing is removed
 */
export async function expectRemovable(pool: Pool, id: string): Promise<SiteSubject> {
  const subject = await readSubject(pool, id);
  if (!subject) throw new ReeveError('not-found', `there is no site ${id}`, { subject: `site:${id}` });
  const { deleted, phase } = subject.site;
  if (deleted || phase === 'creating' || phase === 'deleted') return subject;
  throw new ReeveError('superseded', `site ${id} is ${phase}: nothing of it is removed`, { subject: `site:${id}` });
}

/** A release's row. @throws ReeveError `superseded` when it is in another phase than these, or gone */
export async function expectRelease(
  pool: Pool, id: string, phases: readonly ReleaseDesired['phase'][],
): Promise<{ id: string; source: string; phase: string; databaseServer: string | null }> {
  const { rows } = await translated(pool.query<{ id: string; source: string; phase: ReleaseDesired['phase']; databaseServer: string | null }>(
    `select id, source, phase, database_server as "databaseServer" from release where id = $1 and deleted_at is null`, [id]));
  const row = rows[0];
  if (row && phases.includes(row.phase)) return row;
  throw new ReeveError('superseded', `release ${id} is ${row?.phase ?? 'gone'}, not ${phases.join(' or ')}`, { subject: `release:${id}` });
}

/** @throws ReeveError `superseded` when the run is over: whatever it still does, nobody will undo */
export async function expectRunning(pool: Pool, run: string): Promise<void> {
  const { rows } = await translated(pool.query<{ state: string }>('select state from run where id = $1', [run]));
  if (rows[0]?.state === 'running') return;
  throw new ReeveError('superseded', `run ${run} is ${rows[0]?.state ?? 'unknown'}, not running`, { run });
}

/**
 * Make something for a run, and take it back when the run was over by the time it was there: a worker that was paused
 * in the middle would otherwise leave what nobody undoes any more.
 */
export async function madeFor(
  pool: Pool, run: string, make: () => Promise<unknown>, undo: () => Promise<unknown>,
): Promise<void> {
  await expectRunning(pool, run);
  await make();
  try {
    await expectRunning(pool, run);
  } catch (error) {
    if (error instanceof ReeveError && error.type === 'superseded') await undo();
    throw error;
  }
}
