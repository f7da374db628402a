import { joinContainer, observeContainer } from '../../../src/database/container.ts';
import { recordCheck } from '../../../src/database/drift.ts';
import { newId } from '../../../src/database/new-id.ts';
import type { ContainerRecord } from '../../../src/domain/observed.ts';
import type { TestApi } from '../../api/harness.ts';
import type { Sites } from './sites.ts';

export interface Containers {
  readonly well: readonly string[];
  readonly failing: string;
  readonly edge: string;
}

/** Three that serve sites, of which one has a file that somebody edited and a site that it refused; and an edge. */
export async function makeContainers({ database: { pool } }: TestApi, sites: Sites): Promise<Containers> {
  const { rows: [at] } = await pool.query<{ epoch: number; generation: number }>('select epoch, generation from platform');
  const start = async (role: 'site' | 'edge', record: Partial<ContainerRecord>) => {
    const id = newId('c');
    await pool.query('insert into container (id, slot, role) values ($1, $1, $2)', [id, role]);
    const incarnation = await joinContainer(pool, id, 0, { address: '10.0.3.14', port: 8000, agentUrl: 'http://10.0.3.14:9000', layout: null });
    await observeContainer(pool, id, incarnation, {
      state: 'ready', ...at!, digests: { desired: '5f1c09d2a7be', files: 'a91e33c07f42' }, waitingOn: [], quarantined: [], vassals: { awake: 5, asleep: 6, starting: 0, failing: 0 },
      load: { cpu: 0.21, memory: 0.48, requests: 14.2, awake: 5 }, ...record,
    });
    // An agent renews this every five seconds.
    await pool.query(`update container set lease_expires_at = now() + interval '1 day' where id = $1`, [id]);
    return id;
  };
  const well = [await start('site', {}), await start('site', { load: { cpu: 0.34, memory: 0.55, requests: 21.7, awake: 7 }, vassals: { awake: 7, asleep: 4, starting: 0, failing: 0 } })];
  const failing = await start('site', {
    waitingOn: [{ on: 'vassal', site: sites.museum, message: 'museum is starting its new settings' }], vassals: { awake: 3, asleep: 7, starting: 1, failing: 1 },
    load: { cpu: 0.78, memory: 0.81, requests: 6.3, awake: 3 },
    quarantined: [{ site: sites.museum, wantedRev: at!.generation, servedRev: at!.generation - 3, reason: 'uWSGI refused its configuration: memory is too small' }],
  });
  const edge = await start('edge', { load: { cpu: 0.06, memory: 0.12, requests: 42.2, awake: 0 }, vassals: { awake: 0, asleep: 0, starting: 0, failing: 0 } });
  for (const container of well) await recordCheck(pool, { container, incarnation: 1, verdict: 'same', reason: null, files: 214, drift: [] });
  await recordCheck(pool, { container: failing, incarnation: 1, verdict: 'drift', reason: null, files: 214, drift: [
    { path: 'nginx/sites/garden.conf', kind: 'changed', diff: '--- nginx/sites/garden.conf (as generated)\n+++ nginx/sites/garden.conf (as found)\n@@ -4,3 +4,3 @@\n   server_name www.garden-club.org;\n-  client_max_body_size 20m;\n+  client_max_body_size 2000m;\n   include reeve_site;\n' },
    { path: 'vassals/choir.ini', kind: 'missing', diff: null },
  ] });
  return { well, failing, edge };
}
