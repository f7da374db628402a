/** More of everything than a screen, or one page of the API, holds: no command shows a part as if it were the whole. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Platform, startPlatform } from './platform.ts';

let platform: Platform;
before(async () => {
  platform = await startPlatform();
});
after(() => platform?.close());

test('what is shown in part says so and how to see the rest; as many as are asked for are given', async () => {
  const { pool } = platform.api.database;
  const by = `'{"kind":"system","id":"test","name":"test"}'::jsonb`;
  await pool.query(`insert into audit (actor, action, subject) select ${by}, 'test.done', 'many:' || n from generate_series(1, 260) n`);
  await pool.query(`insert into run (id, type, subject, state, input, actor) select 'w' || lpad(n::text, 9, '0'), 'replaceContainer', 'container:c' || lpad(n::text, 9, '0'), 'running', '{}', ${by} from generate_series(1, 23) n`);
  const { rows: incidents } = await pool.query<{ id: number }>(
    `insert into incident (subject, cause, severity, title) select 'hostname:n' || n || '.example.org', 'down', 'warning', 'It is down' from generate_series(1, 14) n returning id`);
  const incident = String(incidents[0]!.id);
  await pool.query(`insert into remediation (incident, action, decision, reason) select $1, 'none', 'refused', 'for the reason ' || n from generate_series(1, 60) n`, [incident]);

  const lines = ({ stdout }: { stdout: string }) => stdout.trimEnd().split('\n').length;
  const said = async (words: RegExp, shown: number, ...args: string[]) => {
    const ended = await platform.run(...args);
    assert.match(ended.stderr, words);
    assert.equal(lines(ended), shown + 1, 'and the head');
  };
  await said(/^the newest 50, and there are more: --limit, or reeve audit export$/m, 50, 'audit');
  await said(/^$/, 260, 'audit', '--action', 'test.done', '--limit', '300');
  assert.deepEqual(await platform.json('audit', '--action', 'test.done', '--limit', '250').then(({ items, next }) => [items.length, typeof next]), [250, 'string']);
  await said(/^the newest 20, and there are more: --limit, or --all$/m, 20, 'run', 'list', '--state', 'open');
  await said(/^the newest 50, and there are more: --all$/m, 50, 'remediation', 'list');
  await said(/^$/, 60, 'remediation', 'list', '--all');
  assert.match((await platform.run('incident', 'show', incident)).stderr, new RegExp(`^the newest 50, and there are more: reeve remediation list --incident ${incident} --all$`, 'm'));
  assert.equal((await platform.json('incident', 'show', incident)).remediations.length, 60);
  const { stdout } = await platform.run('status');
  assert.match(stdout, /^and 13 more: reeve run list --state open$/m);
  assert.match(stdout, /^and 4 more incidents: reeve incident list$/m);
  assert.match(stdout, /^● 15 things are not well$/m, 'all 14, and that no container is ready');
});

test('of deliveries and of drift, the newest, and that there are more', async () => {
  const { pool } = platform.api.database;
  // Its agent answers nothing: what was found before is there all the same.
  await pool.query(
    `insert into container (id, slot, role, incarnation, state, wanted, agent_url) values ('c000000001', 'one', 'site', 1, 'ready', 'running', 'http://127.0.0.1:1')`);
  await pool.query(`insert into drift (container, incarnation, path, kind, found_by) select 'c000000001', 1, 'nginx/sites/' || n, 'missing', 'agent' from generate_series(1, 60) n`);
  await pool.query(`insert into delivery (channel, channel_name, kind, message, state) select 'n000000001', 'Desk', 'test', '{}', 'delivered' from generate_series(1, 260) n`);
  const shown = async (words: RegExp, count: number, row: RegExp, ...args: string[]) => {
    const { stdout, stderr } = await platform.run(...args);
    assert.match(stderr, words);
    assert.equal(stdout.match(row)?.length, count);
  };
  await shown(/^the newest 50, and there are more: --limit$/m, 50, /nginx\/sites\//g, 'container', 'drift', 'c000000001');
  await shown(/^$/, 60, /nginx\/sites\//g, 'container', 'drift', 'c000000001', '--limit', '200');
  await shown(/^the newest 50, and there are more: --limit$/m, 50, / Desk /g, 'alert', 'deliveries');
  await shown(/^$/, 260, / Desk /g, 'alert', 'deliveries', '--limit', '260');
});
