/** An example in which everybody, and everything, speaks markup. */
import { transaction } from '../../src/database/pool.ts';
import type { TestApi } from '../api/harness.ts';

/** By $1, the words; $2 is somebody who is called so. What a name leads to by its place in an address stays. */
const SPOKEN: Readonly<Record<string, readonly string[]>> = {
  people: [
    // Whoever signs in by a form keeps their address.
    `update app_user set name = $1, created_by = created_by || $2, email = case when password_hash is null then lower(id || $1) else email end`,
    'update team set name = id || $1, created_by = created_by || $2',
    `insert into role (name, description, actions, created_by) values ($1, $1, '{site:read}', $2)`, 'update role set description = $1, created_by = created_by || $2',
    'update "grant" set reason = $1, created_by = created_by || $2', `insert into "grant" (id, user_id, role, created_by) select id, id, $1, $2 from app_user where state = 'disabled'`,
    'update token set name = $1, created_by = created_by || $2', `update token set role = $1, actions = array[$1] where id = (select min(id) from token where role = 'operator')`,
    'update session set agent = $1, address = $1', 'update device_sign_in set name = $1, address = $1', 'update one_time_link set created_by = created_by || $2',
    'insert into oidc_identity (issuer, subject, user_id) select $1, id, id from app_user',
  ],
  sites: [
    `update site set name = number || $1, owner = $1, env = env || jsonb_build_object($1::text, 'x'), database_server = $1`,
    `insert into hostname (hostname, site, role, phase) select id || $1, id, 'alias', 'bound' from site`, `update hostname set phase = 'reserved', proof = $1 where role = 'redirect'`,
    `insert into latest_probe (container, hostname, site, incarnation, verdict, kind, at, since) select distinct on (container, site) container, site || $1, site, incarnation, 'down', 'deep', at, since from latest_probe`,
    'update latest_probe set reason = $1, answered_by = $1', 'update transition set reason = $1',
    'update release set codebase = $1, source = $1, digest = $1, database_server = $1', 'update database_server set id = $1, host = $1',
    `insert into site_condition (site, type, status, reason, message) select id, $1, 'false', $1, $1 from site`,
    `update platform set settings = settings || jsonb_build_object('baseDomain', $1::text), hostnames = (select count(*) from hostname where deleted_at is null)`,
  ],
  containers: [
    `update container set slot = slot || $1, address = $1, waiting_on = jsonb_build_array(jsonb_build_object('on', $1::text, 'message', $1::text)), digests = jsonb_build_object($1::text, $1::text)`,
    'update quarantine set reason = $1', 'update drift set path = $1, diff = $3', 'update integrity_check set reason = $1',
    `insert into sizing (containers, action, reason, container) select 3, 'launch', $1, min(id) from container`,
  ],
  incidents: [
    `update incident set title = $1, closed_why = $1, cause = $1, acknowledged_by = acknowledged_by || $2,
       evidence = jsonb_build_object('seen', jsonb_build_array($1::text), 'log', $4::text, $1::text, $1::text, 'traceback', jsonb_build_object('container', $1::text, 'site', $1::text, 'text', $4::text)),
       timeline = jsonb_build_array(jsonb_build_object('at', now(), 'what', $1::text, 'by', $1::text, 'note', $1::text))`,
    `update incident set subject = 'hostname:' || $1 where state = 'closed'`,
    'update remediation set reason = $1, result = $1, facts = jsonb_build_object($1::text, $1::text)',
    'update approval set requested_by = requested_by || $2, decided_by = decided_by || $2, kind = $1, request = request || jsonb_build_object($1::text, $1::text)',
    `insert into approval (id, kind, subject, request, requested_by, decided_by, decided_at, state)
       select 'a' || reverse(right(id, 9)), $1, $1, jsonb_build_object('type', $1::text), $2 || '{"kind": "user", "id": "x"}', $2 || '{"kind": "user", "id": "x"}', now(), 'rejected' from approval limit 1`,
    'update channel set name = id || $1, target = $1, routing = routing || jsonb_build_object(\'subjects\', jsonb_build_array($1::text))',
    `insert into delivery (channel, channel_name, kind, incidents, message, state, last_error, ended_at) select id, $1, 'opened', '{1}', $2, 'failed', $1, now() from channel`,
  ],
  records: [
    `update run set actor = actor || $2, input = input || $2, temporal_run = $1, error = jsonb_build_object('type', $1::text, 'message', $1::text), result = jsonb_build_object($1::text, $1::text)`,
    `update run set subject = 'hostname:' || $1 where type = 'bindHostname'`, 'update run_step set message = $1, name = name || $1',
    'update event set actor = actor || $2, type = $1',
    `update event set metadata = jsonb_build_object((array['hostname', 'container', 'release'])[1 + id % 3], $1::text, 'run', $1::text)`,
    `update audit set actor = actor || $2 || jsonb_build_object('address', $1::text, 'user', $1::text), reason = $1, action = $1, before = jsonb_build_object($1::text, $1::text), after = jsonb_build_object($1::text, $1::text)`,
    `update audit set subject = (array['thing:', 'hostname:', 'user:'])[1 + id % 3] || $1, run = $1 where id % 2 = 0`,
    `insert into notice (type, metadata) values ($1, jsonb_build_object($1::text, $1::text))`,
  ],
};

/** Whatever in the example is anybody's own words becomes these: people's, sites', logs', machines'. */
export async function speakHostile({ database: { pool } }: TestApi, words: string): Promise<void> {
  const given = [words, JSON.stringify({ name: words }), `@@ -1 +1 @@\n-${words}\n+${words}\n`, `${words}\n${words}`];
  await transaction(pool, 'begin', async (client) => {
    // Beside what checks input, which is tested elsewhere, and what keeps the audit as it was.
    await client.query('set local session_replication_role = replica');
    for (const sql of Object.values(SPOKEN).flat()) {
      // As many as it asks for, each as the first of them in text.
      const asked = [...new Set(sql.match(/\$\d/g))].sort();
      const numbered = asked.reduce((text, name, i) => text.replaceAll(name, `$${i + 1}${name === '$2' ? '::jsonb' : '::text'}`), sql).replaceAll('::text::text', '::text');
      await client.query(numbered, asked.map((name) => given[Number(name.slice(1)) - 1]));
    }
  });
}

/** What Reeve makes, counts or chooses itself, or keeps sealed; and tables that nothing shows. */
const OWN = new Set([
  'id', 'site', 'sites', 'container', 'run', 'channel', 'user_id', 'team_id', 'release', 'previous_release', 'template_database', 'incidents', 'hash', 'names',
  'state', 'phase', 'kind', 'mode', 'status', 'verdict', 'severity', 'decision', 'action', 'wanted', 'found_by', 'https', 'origin', 'purpose', 'step', 'was', 'now', 'run.type',
  'container.role', 'hostname.role', 'role.actions', 'transition.hostname', 'device_sign_in.code', 'oidc_identity.subject', 'audit.site',
  'site.settings', 'site.store', 'site.trial', 'release.manifest', 'container.load', 'container.vassals', 'container.layout', 'container.agent_url',
  'password_hash', 'totp_secret', 'channel.sealed',
  ...['idempotency', 'migration', 'oidc_sign_in', 'recovery_code', 'replacement', 'rollup', 'rollup_1h', 'rollup_5m', 'sign_in_attempt', 'told', 'sweep_names', 'run_lock'].map((table) => `${table}.*`),
]);

/** Columns for text in which no row holds these words, though somebody's could be there. */
export async function unspoken({ database: { pool } }: TestApi, words: string): Promise<string[]> {
  const { rows: tables } = await pool.query<{ name: string; columns: string[] }>(
    `select table_name as name, array_agg(column_name::text order by column_name) as columns from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where table_schema = 'public' and table_type = 'BASE TABLE' and data_type in ('text', 'jsonb', 'ARRAY') group by 1 order by 1`);
  const missing = tables.map(async ({ name, columns }) => {
    const { rows } = await pool.query<{ key: string }>(`select distinct e.key from "${name}" t, jsonb_each_text(to_jsonb(t)) e where position($1 in e.value) > 0`, [words]);
    const spoken = new Set(rows.map(({ key }) => key));
    return columns.filter((column) => !spoken.has(column) && ![column, `${name}.${column}`, `${name}.*`].some((known) => OWN.has(known))).map((column) => `${name}.${column}`);
  });
  return (await Promise.all(missing)).flat();
}
