import type { UpdateSite } from '../../domain/resources/site.ts';
import { siteSettings } from '../../domain/site.ts';
import { commitChange } from '../change.ts';
import { type Queryable, within } from '../pool.ts';
import { requireConnections } from '../server-connections.ts';
import { type Asking, expecting } from './asking.ts';
import { readForUpdate, retryStale } from './read-modify-write.ts';

/**
 * Change a site's settings or owner. No run: containers follow by themselves, each vassal replaced without a request lost.
 * @throws ReeveError `not-found`, `stale`, `conflict` when its database server has not so many connections, `unavailable`
 */
export async function updateSite(asking: Asking, site: string, body: UpdateSite): Promise<void> {
  await retryStale(asking, async () => {
    const row = await readForUpdate(asking.db, site);
    const values = {
      ...(body.settings ? { settings: { ...siteSettings(row.settings), ...body.settings } } : {}),
      ...(body.owner !== undefined ? { owner: body.owner } : {}),
    };
    const commit = (db: Queryable) => commitChange(db, {
      actor: asking.actor, type: 'site.updated', reason: asking.reason, metadata: { site, fields: Object.keys(body) },
      writes: [{ table: 'site', op: 'update', key: { id: site }, values, expect: expecting({ ...asking, rev: asking.rev ?? row.rev }, {}) }],
    });
    const asked = body.settings?.connections ?? 0;
    if (asked <= siteSettings(row.settings).connections) return void (await commit(asking.db));
    await within(asking.db, async (db) => {
      await requireConnections(db, { server: row.databaseServer, site, asked });
      await commit(db);
    });
  });
}
