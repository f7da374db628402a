/** Many sites without processes: suspended ones, which only nginx knows, or live ones in a container without emperor. */
import type { TestPlatform } from '../test/agent/platform.ts';

const SITE = `'s' || lpad(translate(to_hex(n), 'ilou', 'wxyz'), 9, '0')`;

/** Have `count` sites with two hostnames each, in one generation. */
export async function fillWithLightSites(platform: TestPlatform, count: number, phase: 'suspended' | 'live' = 'suspended'): Promise<void> {
  await platform.pool.query(`
    begin;
    update platform set generation = generation + 1, sites = sites + ${count}, hostnames = hostnames + ${2 * count};
    insert into site (id, rev, name, phase, release, database_server, settings)
      select ${SITE}, generation, 'n' || n, '${phase}', '${platform.release}', 'local',
        '{"processes":1,"threads":1,"harakiri":30,"memory":512,"connections":5}' from platform, generate_series(1, ${count}) n;
    insert into hostname (hostname, rev, site, role, phase)
      select 'n' || n || case m when 0 then '.light.test' else '.alias.test' end, generation, ${SITE},
        case m when 0 then 'primary' else 'alias' end, 'bound' from platform, generate_series(1, ${count}) n, generate_series(0, 1) m;
    commit`);
}

export const lightSite = (n: number) => `s${n.toString(16).padStart(9, '0')}`;

/** The n-th of their hostnames, from 0. */
export const lightHostname = (n: number) => `n${(n >> 1) + 1}${n % 2 === 0 ? '.light.test' : '.alias.test'}`;
