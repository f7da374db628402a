/** A platform after years: what lists, filters and counts have to go through. */
import pg from 'pg';
import { askApproval } from '../src/database/approvals.ts';
import { SYSTEM, type TestApi } from '../test/api/harness.ts';

export const SITES = Number(process.env.REEVE_BENCH_SITES ?? 10_000);
const CONTAINERS = 20;
const PEOPLE = 1_000;
const AUDIT = 1_000_000;
const EVENTS = 200_000;

const id = (letter: string, n = 'n') => `'${letter}9' || lpad((${n})::text, 8, '0')`;
const site = id('s', `1 + n % ${SITES}`);
const actor = `'${JSON.stringify(SYSTEM)}'::jsonb`;
const before = `now() - n * interval '1 minute'`;

/**
 * Live sites with two hostnames each, one of a hundred down somewhere, in twenty containers that were swept just now; runs,
 * events, a million rows of audit, incidents with what was done about them, and a thousand people with ten grants each.
 * @returns what stands for each parameter of an address
 */
export async function fillPlatform({ database, send }: TestApi): Promise<Record<string, string>> {
  // Of its own: the pool ends a statement after half a minute.
  const client = new pg.Client(database.url);
  await client.connect();
  await client.query(`
    insert into site (id, rev, name, phase, release, database_server)
      select ${id('s')}, 1, 'site-' || n, 'live', (select id from release limit 1), 'local' from generate_series(1, ${SITES}) n;
    insert into hostname (hostname, rev, site, role, phase)
      select 'www.site-' || n || '.example.org', 1, ${id('s')}, 'primary', 'bound' from generate_series(1, ${SITES}) n
      union all select 'site-' || n || '.localhost', 1, ${id('s')}, 'alias', 'bound' from generate_series(1, ${SITES}) n;
    insert into run (id, type, subject, site, input, actor, state, requested_at, ended_at)
      select ${id('w')}, 'suspendSite', 'site:' || ${site}, ${site}, '{}', ${actor}, 'completed', ${before}, ${before} from generate_series(1, 20000) n;
    insert into event (id, type, at, actor, metadata)
      select 1000000 + n, 'site.updated', now() - (${EVENTS} - n) * interval '1 minute', ${actor}, jsonb_build_object('site', ${site}) from generate_series(1, ${EVENTS}) n;
    insert into audit (generation, at, actor, action, subject, before, after)
      select n, now() - (${AUDIT} - n) * interval '1 minute', ${actor}, (array['site.updated', 'hostname.bound', 'env.set'])[1 + n % 3],
        'site:' || ${site}, '{"owner":"a"}', '{"owner":"b"}' from generate_series(1, ${AUDIT}) n;
    insert into incident (subject, cause, severity, state, title, site, opened_at, closed_at, closed_why)
      select 'site:' || ${site}, 'site-down:' || n, 'critical', case when n <= 40 then 'open' else 'closed' end, 'site-' || n || ' fails', ${site},
        ${before}, case when n <= 40 then null else ${before} end, case when n <= 40 then null else 'well again' end from generate_series(1, 10000) n;
    insert into remediation (at, incident, action, decision, reason)
      select i.opened_at, i.id, 'none', 'observed', 'the site itself fails' from incident i;
    insert into app_user (id, email, name, state, created_by)
      select ${id('u')}, 'ann' || n || '@example.org', 'Ann ' || n, 'active', ${actor} from generate_series(1, ${PEOPLE}) n;
    insert into team (id, name, created_by) select ${id('t')}, 'Team ' || n, ${actor} from generate_series(1, 100) n;
    insert into "grant" (id, user_id, role, site, created_by)
      select ${id('g')}, ${id('u', `1 + n % ${PEOPLE}`)}, 'editor', ${id('s', `1 + n % ${SITES}`)}, ${actor} from generate_series(1, 10000) n;
    insert into container (id, slot, role, incarnation, state, wanted, observed_epoch, observed_generation, lease_expires_at, seen_at)
      select ${id('c')}, 'slot-' || n, 'site', 1, 'ready', 'running', 1, 1000000, now() + interval '1 day', now() from generate_series(1, ${CONTAINERS}) n;
    insert into sweep_latest (container, incarnation, slot, interval_seconds, hostnames, up, slow, down, unknown, names)
      select id, 1, now(), 3600, 2 * ${SITES}, 2 * ${SITES}, 0, 0, 0, 'names' from container;
    insert into latest_probe (container, hostname, site, incarnation, verdict, kind, status, latency_ms, answered_by, at, since)
      select c.id, h.hostname, h.site, 1, case when c.id = ${id('c', '1')} and right(h.site, 2) = '50' then 'down' else 'up' end, 'deep', 200,
        20 + random() * 60, h.site, now(), now() from hostname h, container c`);
  await client.query('vacuum analyze');
  await client.end();
  const { body: channel } = await send('POST', '/alerts/channels',
    { body: { name: 'pager', kind: 'webhook', config: { url: 'https://hooks.example.org/x', secret: 'of sixteen at least' } } });
  const approval = await askApproval(database.pool, { kind: 'removal', subject: 'site:s900000009', by: SYSTEM, request: { type: 'deleteSite', input: { site: 's900000009' } } });
  return {
    site: 's900000077', hostname: 'www.site-77.example.org', act: 'suspend', verb: 'drain', run: 'w900000077', container: 'c900000001',
    incident: '1', approval, kind: 'webhook', channel: channel.id, user: 'u900000007', team: 't900000007', role: 'editor',
  };
}
