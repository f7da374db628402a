import { basename } from 'node:path';
import { ReeveError } from '../../domain/errors.ts';
import { commitChange } from '../change.ts';
import { translated } from '../errors.ts';
import { newId } from '../new-id.ts';
import { newRequest } from '../runs/request.ts';
import type { Asking } from './asking.ts';
import type { Requested } from './site-life.ts';

/**
 * Ask for a release to be made of the codebase at a path of the platform's machine.
 * @param server the database server that is to hold its template; sites of it live there too
 * @throws ReeveError `conflict` when there is no such server, `unavailable`
 */
export async function requestPrepareRelease(
  asking: Asking, { source, codebase, server }: { source: string; codebase?: string | undefined; server: string },
): Promise<Requested & { release: string }> {
  const { rowCount } = await translated(asking.db.query('select 1 from database_server where id = $1 and deleted_at is null', [server]));
  if (!rowCount) throw new ReeveError('conflict', `the platform has no database server ${server} yet`);
  const release = newId('r');
  const request = newRequest('prepareRelease', { release });
  await commitChange(asking.db, {
    actor: asking.actor, type: 'release.preparing', reason: asking.reason, request, metadata: { release, run: request.id },
    writes: [{ table: 'release', op: 'insert', values: {
      id: release, codebase: codebase ?? basename(source), source, phase: 'preparing', database_server: server,
    } }],
  });
  return { run: request.id, release };
}
