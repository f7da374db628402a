/** A platform in which every field that holds people's, sites' or machines' own words holds markup: pages keep their shape. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../src/database/new-id.ts';
import { addGrant } from '../../src/database/grants.ts';
import { createRole } from '../../src/database/roles.ts';
import { addMember, createTeam } from '../../src/database/teams.ts';
import { createToken } from '../../src/database/tokens.ts';
import { all } from '../../src/dashboard/pages/index.ts';
import { liveSite, startApi, SYSTEM, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { HOSTILE } from './hostile.ts';
import { visit } from './visit.ts';

interface Filled {
  readonly who: TestPerson;
  readonly values: Readonly<Record<string, string>>;
}

/** One of everything that pages show, each free text being this one. */
async function fill(api: TestApi, text: string): Promise<Filled> {
  const { pool } = api.database;
  const site = await liveSite(api, 'alpha');
  const who = await person(api, 'Root', [{ role: 'owner' }]);
  await pool.query('update app_user set name = $1', [text]);
  const team = await createTeam(pool, text.slice(0, 100), SYSTEM);
  await addMember(pool, team, who.id, SYSTEM);
  await createRole(pool, { name: 'keeper', description: text.slice(0, 300), actions: ['site:read'], actor: SYSTEM });
  await createToken(pool, { name: text.slice(0, 100), role: 'keeper', user: who.id, actions: ['site:read'], sites: [site], actor: SYSTEM });
  await pool.query('update session set agent = $1', [text]);
  await addGrant(pool, { team, role: 'viewer', site, reason: text, actor: { ...SYSTEM, name: text } });
  const container = newId('c');
  await pool.query(
    `insert into container (id, slot, role, incarnation, state, wanted, observed_epoch, observed_generation, lease_expires_at, waiting_on)
     values ($1, 'one', 'site', 1, 'ready', 'running', 1, 1, now() + interval '1 hour', $2)`, [container, JSON.stringify([{ on: 'vassal', site, message: text }])]);
  await pool.query('insert into quarantine (container, incarnation, site, wanted_rev, reason) values ($1, 1, $2, 1, $3)', [container, site, text]);
  await pool.query(`insert into site_condition (site, type, status, reason, message) values ($1, 'Ready', 'false', $2, $2)`, [site, text]);
  await pool.query('update site set owner = $1, database_server = database_server', [text.slice(0, 200)]);
  await pool.query('update release set codebase = $1, source = $1', [text]);
  await pool.query(
    `insert into latest_probe (container, hostname, site, incarnation, verdict, kind, status, latency_ms, reason, at, since)
     values ($1, 'alpha.localhost', $2, 1, 'down', 'deep', 500, 12, $3, now(), now())`, [container, site, text]);
  await pool.query(
    `insert into incident (subject, cause, severity, title, site, evidence, timeline) values ($1, $2, 'critical', $2, $3, $4, '[]')`,
    [`thing:${text}`, text, site, JSON.stringify({ traceback: `${text}\n${text}` })]);
  const { body: { run } } = await api.send('POST', '/sites/alpha/hostnames', { body: { hostname: 'www.alpha-toys.org' } });
  await pool.query(`update run set actor = actor || $1, error = $2, state = 'failed', ended_at = now(), result = $3`,
    [JSON.stringify({ name: text }), JSON.stringify({ type: 'step-failed', message: text }), JSON.stringify({ [text]: text })]);
  await pool.query(`insert into run_step (run, name, state, started_at, message) values ($1, 'claim', 'failed', now(), $2)`, [run.id, text]);
  await pool.query('update event set actor = actor || $1', [JSON.stringify({ name: text })]);
  return { who, values: { site, run: run.id, hostname: 'alpha.localhost', act: 'delete', container, verb: 'replace', incident: '1', user: who.id, team, role: 'keeper' } };
}

const SHAPE = /<\/?[a-z][^\s<>]*|\s[a-z-]+(?==")/gi;

/** Elements and attributes of each page that can be asked for with what there is, by its path. */
async function shapes(text: string): Promise<Map<string, { shape: string; html: string }>> {
  const api = await startApi();
  try {
    const { who, values } = await fill(api, text);
    const found = new Map<string, { shape: string; html: string }>();
    for (const { path, method, open } of all) {
      const known = [...path.matchAll(/\{(\w+)\}/g)].every(([, name]) => name! in values);
      if (method !== 'GET' || open || !known || path === '/stream' || path.endsWith('.json')) continue;
      const { status, html } = await visit(api, path.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!), who);
      assert.equal(status, 200, `${path}: ${html.slice(-600)}`);
      found.set(path, { shape: (html.match(SHAPE) ?? []).join(' '), html });
    }
    return found;
  } finally {
    await api.close();
  }
}

test('no page becomes another by what is in its fields', async () => {
  const hostile = HOSTILE.join(' ');
  const [plain, marked] = [await shapes('words'), await shapes(hostile)];
  assert.ok(marked.size >= 14, String(marked.size));
  let shown = 0;
  for (const [path, { shape, html }] of marked) {
    assert.equal(shape, plain.get(path)?.shape, path);
    assert.doesNotMatch(html, /<script>|<img src=x|<svg onload|href="javascript:|href="\/\/evil/i, path);
    if (html.includes('&lt;script&gt;alert(1)&lt;/script&gt;')) shown += 1;
  }
  assert.ok(shown >= 8, `the fields are shown, as text: on ${shown} pages`);
});
