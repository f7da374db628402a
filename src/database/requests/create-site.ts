import { ReeveError } from '../../domain/errors.ts';
import { platformHostname } from '../../domain/hostname.ts';
import type { CreateSite } from '../../domain/resources/site.ts';
import type { SitesKey } from '../../domain/secrets.ts';
import { commitChange, type Write } from '../change.ts';
import { translated } from '../errors.ts';
import { newId } from '../new-id.ts';
import { readPlatformSettings } from '../read/platform-settings.ts';
import { type Queryable, within } from '../pool.ts';
import { newRequest } from '../runs/request.ts';
import { requireConnections } from '../server-connections.ts';
import { type Asking, invalid } from './asking.ts';
import { readHostname, reserveHostname, withTakenNames } from './hostname-row.ts';
import { firstEnv } from './set-env.ts';

export interface Requested {
  readonly run: string;
}

/**
 * Ask for a site: its row, its platform hostname and its further hostnames are reserved in the change that requests
 * the run, so that of two people who want one name, one is told so at once. Its variables are in its row from the first,
 * encrypted, and nowhere else: code that needs one to start at all can be created.
 * @throws ReeveError `exists` (name or hostname), `invalid`, `conflict` when no release is ready or its database server has
 *   not so many connections, `unavailable`
 */
export async function requestCreateSite(asking: Asking, sitesKey: SitesKey, body: CreateSite): Promise<Requested & { site: string }> {
  const settings = await readPlatformSettings(asking.db);
  const release = await readyRelease(asking.db, body.release);
  if (body.store === 's3' && !settings.s3) throw invalid('store', 'the platform has no S3-compatible server');
  const site = newId('s');
  const hostname = platformHostname(body.name, settings.baseDomain);
  const further = body.hostnames.map((each, i) => ({
    hostname: readHostname(each.hostname, settings, `hostnames.${i}.hostname`), role: each.role,
  }));
  const names = [hostname, ...further.map((each) => each.hostname)];
  names.forEach((name, i) => {
    if (names.indexOf(name) < i) throw invalid(`hostnames.${i - 1}.hostname`, `${name} is named twice`);
  });
  if (further.filter(({ role }) => role === 'primary').length > 1) throw invalid('hostnames', 'a site has one primary hostname');

  const request = newRequest('createSite', { site, hostname, further });
  const writes: Write[] = [
    { table: 'release', op: 'check', key: { id: release.id }, expect: { phase: 'ready' } },
    { table: 'site', op: 'insert', values: {
      id: site, name: body.name, phase: 'creating', release: release.id, database_server: release.database_server,
      settings: body.settings, store: body.store === 's3' ? { kind: 's3', bucket: site } : { kind: 'directory' },
      owner: body.owner ?? null, env: firstEnv(sitesKey, site, body.env ?? {}),
    } },
    // `redirect` would have no target yet: until a primary of their own is published, this one is it.
    reserveHostname(hostname, site, 'primary'),
    ...further.map((each) => reserveHostname(each.hostname, site, each.role)),
  ];
  await withTakenNames(within(asking.db, async (db) => {
    await requireConnections(db, { server: release.database_server, site, asked: body.settings.connections });
    await commitChange(db, {
      actor: asking.actor, type: 'site.creating', reason: asking.reason, writes, request,
      metadata: { site, name: body.name, hostname, run: request.id },
    });
  }), body.name);
  return { site, run: request.id };
}

interface ReadyRelease {
  id: string;
  database_server: string;
}

async function readyRelease(db: Queryable, named: string | undefined): Promise<ReadyRelease> {
  const { rows } = await translated(db.query<ReadyRelease & { phase: string }>(
    `select id, phase, database_server from release where deleted_at is null and ($1::text is null or id = $1)
     order by (phase = 'ready') desc, created_at desc, id limit 1`, [named ?? null]));
  const release = rows[0];
  if (named && !release) throw invalid('release', `there is no release ${named}`);
  if (release?.phase === 'ready') return release;
  if (named) throw new ReeveError('conflict', `release ${named} is ${release!.phase}, not ready`, { release: named });
  throw new ReeveError('conflict', 'no release is ready yet: prepare one first (POST /releases, or `reeve release create <path>`)');
}
