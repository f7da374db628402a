/** More of everything than one read of a list gives: no page shows a part as if it were the whole. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createSession } from '../../src/database/sessions.ts';
import { openIncident } from '../../src/database/incidents.ts';
import { compressed, type LatestProbe, storeSweep } from '../../src/database/health/store.ts';
import { packSweep } from '../../src/domain/sweep-pack.ts';
import { liveSite, startApi, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { visit } from './visit.ts';

const CONTAINERS = ['c000000001', 'c000000002'];
const SLOT = Math.floor(Date.now() / 30_000) * 30_000;
let api: TestApi;
let site: string;
let root: TestPerson;
before(async () => {
  api = await startApi();
  root = await person(api, 'Root', [{ role: 'owner' }]);
  site = await liveSite(api, 'alpha');
  await pool().query(
    `insert into hostname (hostname, site, role, phase, https, rev) select format('n%s.example.org', lpad(n::text, 3, '0')), $1, 'alias', 'bound', 'allow', 1 from generate_series(1, 249) n`, [site]);
  for (const id of CONTAINERS) await joined(id);
  for (const id of CONTAINERS) await sweep(id, (await pool().query<{ hostname: string }>('select hostname from hostname order by 1')).rows.map(({ hostname }) => hostname));
});
after(() => api?.close());
const pool = () => api.database.pool;

async function joined(id: string, more: { generation?: number; requests?: number; lease?: string; role?: 'site' | 'edge' } = {}): Promise<void> {
  const { generation, requests = 1, lease = '1 hour', role = 'site' } = more;
  await pool().query(
    `insert into container (id, slot, role, incarnation, state, wanted, address, port, seen_at, lease_expires_at, observed_epoch, observed_generation, load)
       select $1, $1, $5, 1, 'ready', 'running', '127.0.0.1', 9001, now(), now() + $2::interval, epoch, coalesce($3, generation), $4 from platform`,
    [id, lease, generation ?? null, JSON.stringify({ cpu: 0.2, memory: 0.3, requests, awake: 1 }), role]);
}

/** Every hostname is up in it. */
async function sweep(container: string, names: readonly string[]): Promise<void> {
  await storeSweep(pool(), {
    container, incarnation: 1, names, packed: compressed(packSweep(names.map(() => ({ verdict: 'up', outcome: 'well', kind: 'deep', status: 200, ms: 12 })))),
    changed: names.map((hostname): LatestProbe => ({
      hostname, site, kind: 'deep', status: 200, ms: 12, answeredBy: site, at: SLOT, reason: null,
      standing: { verdict: 'up', since: SLOT, failures: 0, firstFailedAt: null, successes: 0 },
    })),
    sweep: { slot: SLOT, startedAt: SLOT, endedAt: SLOT + 20, intervalSeconds: 30, hostnames: names.length, names: names.join(), counts: { up: names.length, slow: 0, down: 0, unknown: 0 } },
  });
}

/** The rows of a table's body, by what their headers link to. */
const linked = (html: string, kind: string) => [...html.matchAll(new RegExp(`<tr>\\s*<th scope="row">[\\s\\S]*?href="/${kind}/([^"]+)"`, 'g'))].map(([, name]) => decodeURIComponent(name!));
const nextOf = (html: string) => /href="([^"]*)" rel="next"/.exec(html)?.[1]?.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=');

test('the matrix shows each of 250 hostnames in both containers, page by page, and none as not probed', async () => {
  const seen: string[] = [];
  let path: string | undefined = `/sites/${site}`;
  for (let pages = 0; path !== undefined && pages < 10; pages += 1) {
    const { status, html } = await visit(api, path, root);
    assert.equal(status, 200);
    const names = linked(html, 'hostnames');
    assert.ok(html.includes(`${names.length} of 250 hostnames`), 'it says how many of them these are');
    assert.doesNotMatch(html, /Not probed/i, path);
    assert.equal([...html.matchAll(/<span class="cell good"/g)].length, 2 * names.length);
    assert.ok(Buffer.byteLength(html) < 200_000, `${path} is light`);
    seen.push(...names);
    path = nextOf(html);
  }
  assert.equal(new Set(seen).size, 250);
  assert.equal(seen.length, 250, 'each once');
});

test('one of many hostnames is found, and looked at in the chart', async () => {
  const { html } = await visit(api, `/sites/${site}?find=n249&hostname=n240.example.org`, root);
  assert.deepEqual(linked(html, 'hostnames'), ['n249.example.org']);
  assert.match(html, /<option selected>n240\.example\.org/);
  assert.match((await visit(api, `/sites/${site}?find=nobody`, root)).html, /No hostname of this site is like that/);
});

test('the matrix begins with its last hostname when that is asked for, and the chart and the search keep it so', async () => {
  const { html } = await visit(api, `/sites/${site}?sort=-hostname&range=6h`, root);
  assert.equal(linked(html, 'hostnames')[0], 'n249.example.org');
  assert.match(html, /aria-sort="descending"/);
  assert.ok(hrefs(html).includes(`/sites/${site}?sort=hostname&range=6h`), hrefs(html).join(' '));
  assert.equal(html.match(/<input type="hidden" name="sort" value="-hostname">/g)?.length, 2);
  const { html: next } = await visit(api, nextOf(html)!, root);
  assert.ok(linked(next, 'hostnames')[0]! < linked(html, 'hostnames').at(-1)!, 'and goes on so');
});

test('whoever has one site alone is led to its hostnames too', async () => {
  const { html } = await visit(api, `/sites/${site}`, await person(api, 'Ada', [{ role: 'viewer', site }]));
  assert.ok(html.replaceAll('&#x3D;', '=').includes('href="http://n001.example.org:8080/"'));
});

test('the overview counts every container, and shows those first that are behind or silent', async () => {
  const { rows: [platform] } = await pool().query<{ generation: number }>('select generation from platform');
  const id = (n: number) => `c${String(100 + n).padStart(9, '0')}`;
  for (let n = 1; n <= 60; n += 1) await joined(id(n), { generation: n === 41 ? platform!.generation - 3 : platform!.generation, lease: n === 59 ? '-1 hour' : '1 hour', role: n === 41 ? 'edge' : 'site' });
  const { html } = await visit(api, '/', root);
  assert.match(html, /60 <small>a second/, 'all requests but the silent one’s, and those that an edge passed on');
  assert.match(html, /61 <small>1 silent/);
  assert.deepEqual(linked(html, 'containers').slice(0, 2), [id(59), id(41)]);
  assert.match(html, /3 behind/);
  assert.match(html, /All 62 containers/);
  await pool().query(`update container set state = 'ended', wanted = 'ended', ended_at = now() where id = $1`, [id(41)]);
  const { html: ended } = await visit(api, `/containers?ended=true&q=${id(41)}`, root);
  assert.deepEqual(linked(ended, 'containers'), [id(41)]);
  assert.doesNotMatch(ended, /\d behind/, 'what has ended follows nothing more');
});

/** What the heads of a table's columns link to. */
const hrefs = (html: string) => [...html.matchAll(/<th scope="col"[^>]*><a href="([^"]+)"/g)].map(([, href]) => href!.replaceAll('&amp;', '&').replaceAll('&#x3D;', '='));
const turned = (order: string) => (order.startsWith('-') ? order.slice(1) : `-${order}`);

test('each list can be searched, filtered and put in order; all of it is in its address, and the way back too', async () => {
  const channel = await api.send('POST', '/alerts/channels', { body: { kind: 'webhook', name: 'Night desk', routing: { severities: ['critical'], subjects: [] }, config: { url: 'https://hooks.example.org/', secret: 'a secret of some length' } } });
  assert.equal((await api.send('POST', `/alerts/channels/${channel.body.id}/test`)).status, 201);
  for (const [path, filter, orders] of [
    ['/sites', 'q=a', ['name', '-created']], ['/containers', 'q=c', ['id', '-behind', '-cpu', '-requests', '-started']], ['/runs', `site=${site}`, ['-requested']],
    ['/incidents', 'severity=critical', ['-opened']], ['/approvals', 'type=purgeSite', ['-requested', 'expires']], ['/events', 'type=site.', ['-id']],
    ['/releases', 'q=example', ['codebase', '-sites', '-created']], ['/people', 'q=o', ['name', '-seen']], ['/people/teams', 'q=e', ['name', '-members', '-created']],
    ['/people/grants', 'site=alpha', ['who', 'role', 'ends', '-created']], ['/audit', 'action=site.', ['-at']], ['/settings/alerts', 'state=pending', ['-at']],
  ] as const) {
    for (const order of orders) {
      const { status, html } = await visit(api, `${path}?${filter}&sort=${order}`, root);
      assert.equal(status, 200, `${path} by ${order}`);
      const [name, value] = filter.split('=') as [string, string];
      assert.match(html, new RegExp(`name="${name}"(?: value="${value}"|[\\s\\S]*?<option value="${value}" selected)`), `${path}: the filter says what is filtered`);
      assert.match(html, new RegExp(`<input type="hidden" name="sort" value="${order}">`), `${path}: and keeps the order`);
      if (!/aria-sort/.test(html)) {
        assert.match(html, /is like that/, `${path} shows its order, unless nothing is like that`);
        continue;
      }
      assert.match(html, order.startsWith('-') ? /aria-sort="descending"/ : /aria-sort="ascending"/, `${path} by ${order}`);
      assert.ok(hrefs(html).includes(`${path}?${filter}&sort=${turned(order)}`), `${path} by ${order}: it turns around, and keeps the filter: ${hrefs(html).join(' ')}`);
    }
  }
});

test('a list without filters is put in order too, and says so in its address', async () => {
  assert.equal((await root.send('POST', '/me/tokens', { body: { name: 'laptop', role: 'viewer' } })).status, 201);
  assert.equal((await api.send('POST', '/invitations', { body: { email: 'guest@example.org' } })).status, 201);
  const { body: team } = await api.send('POST', '/teams', { body: { name: 'Night' } });
  await api.send('POST', `/teams/${team.id}/members`, { body: { user: root.id } });
  const tokens = ['name', 'expires', '-created', '-used'];
  for (const [path, orders] of [
    ['/people/tokens', tokens], ['/account/tokens', tokens], ['/account/sessions', ['-seen', '-created']], ['/people/invite', ['name', '-ends']],
    [`/people/teams/${team.id}`, ['name', '-added']], [`/sites/${site}/people`, ['who', 'role', 'ends', '-created']],
  ] as const) {
    for (const order of orders) {
      const { status, html } = await visit(api, `${path}?sort=${order}`, root);
      assert.equal(status, 200, `${path} by ${order}`);
      assert.match(html, order.startsWith('-') ? /aria-sort="descending"/ : /aria-sort="ascending"/, `${path} by ${order}`);
      assert.ok(hrefs(html).includes(`${path}?sort=${turned(order)}`), `${path} by ${order}: it turns around: ${hrefs(html).join(' ')}`);
    }
  }
});

test('database servers stand below the releases, and are put in order without moving those', async () => {
  await pool().query(`insert into database_server (id, host, port) values ('north', 'localhost', 5432)`);
  const servers = (html: string) => [...html.slice(html.indexOf('id="servers"')).matchAll(/<th scope="row">(\w+)</g)].map(([, id]) => id);
  const { html } = await visit(api, '/releases?sort=codebase&servers=-sites', root);
  assert.deepEqual(servers(html), ['local', 'north'], 'the one with sites first');
  assert.deepEqual(servers((await visit(api, '/releases?servers=sites', root)).html), ['north', 'local']);
  for (const href of ['/releases?sort=codebase&servers=sites', '/releases?sort=-codebase&servers=-sites']) assert.ok(hrefs(html).includes(href), hrefs(html).join(' '));
  assert.match(html, /<input type="hidden" name="servers" value="-sites">/, 'a search keeps it');
});

test('a name that is typed only half yet names nothing, and is no error', async () => {
  for (const path of ['/runs?site=alph', '/events?site=alph', '/audit?site=alph', '/incidents?site=alph']) {
    const { status, html } = await visit(api, path, root);
    assert.equal(status, 200, path);
    assert.match(html, /No \w+ is like that/, path);
  }
});

test('the latency chart marks a change of settings with its generation, and for whoever sees containers their starts', async () => {
  assert.equal((await api.send('PATCH', `/sites/${site}`, { headers: { 'if-match': '*' }, body: { settings: { threads: 3 } } })).status, 200);
  const { rows: [platform] } = await pool().query<{ generation: number }>('select generation from platform');
  const markers = async (who: TestPerson) => {
    const { status, html } = await visit(api, `/sites/${site}/latency.json?hostname=alpha.localhost&range=1h`, who);
    assert.equal(status, 200, html);
    return (JSON.parse(html) as { markers: { kind: string; label: string; href: string }[] }).markers;
  };
  const change = { label: `Site updated, generation ${platform!.generation}`, href: `/events?site=${site}&type=site.updated` };
  const [all, theirs] = [await markers(root), await markers(await person(api, 'Cleo', [{ role: 'viewer', site }]))];
  for (const each of [all, theirs]) {
    const { label, href } = each.findLast(({ kind }) => kind === 'change')!;
    assert.deepEqual({ label, href }, change);
  }
  assert.ok(all.some(({ kind, label }) => kind === 'container' && label === 'c000000001 started'));
  assert.deepEqual(theirs.filter(({ kind }) => kind !== 'change'), []);
  assert.equal((await visit(api, change.href, root)).status, 200);
});

test('choices are all there are, or say that they are not', async () => {
  await pool().query(`insert into team (id, name, created_by) select 't' || lpad(n::text, 9, '0'), 'team ' || lpad(n::text, 3, '0'), '{}' from generate_series(1, 230) n`);
  assert.equal((await visit(api, '/people', root)).html.match(/<option value="t0000/g)?.length, 230);
  const releases = async () => {
    const { html } = await visit(api, `/sites/${site}/actions/upgrade`, root);
    return { count: html.match(/<option value="r/g)?.length, saysMore: html.includes('The newest 200.') };
  };
  const add = (from: number, to: number) => pool().query(
    `insert into release (id, codebase, source, phase, rev) select 'r' || lpad(n::text, 9, '0'), 'example', '/srv/example', 'ready', 0 from generate_series($1::int, $2::int) n`, [from, to]);
  await add(1, 60);
  assert.deepEqual(await releases(), { count: 60 + 1 - (await current() === null ? 0 : 1), saysMore: false });
  await add(61, 260);
  assert.equal((await releases()).saysMore, true);
});
const current = async (): Promise<string | null> => (await api.send('GET', `/sites/${site}`)).body.release as string | null;

test('what a page does not hold is a page further, or a link away', async () => {
  const by = `'{"kind":"system","id":"test","name":"test"}'::jsonb`;
  const { id: incident } = await openIncident(pool(), { subject: `container:${CONTAINERS[0]}`, cause: 'faulty', severity: 'critical', title: 'It is faulty', container: CONTAINERS[0]!, incarnation: 1, evidence: {} });
  await pool().query(`insert into remediation (incident, container, action, decision, reason) select $1, $2, 'none', 'refused', 'for the reason ' || n from generate_series(1, 60) n`, [incident, CONTAINERS[0]]);
  await pool().query(`insert into incident (subject, cause, severity, title, container, state) select 'container:' || $1, 'cause' || n, 'warning', 'It was slow', $1, 'closed' from generate_series(1, 25) n`, [CONTAINERS[0]]);
  await pool().query(
    `insert into approval (id, kind, subject, request, requested_by, requested_at) select 'a' || lpad(n::text, 9, '0'), 'replacement', 'container:n' || n,
       jsonb_build_object('type', 'replaceContainer', 'input', jsonb_build_object('container', $2::text, 'incarnation', 1, 'incident', case when n = 1 then $1::bigint end)), ${by}, clock_timestamp() + n * interval '1 second' from generate_series(1, 230) n`, [incident, CONTAINERS[1]]);
  for (let n = 0; n < 60; n += 1) await createSession(pool(), { user: root.id, name: 'Root', address: undefined, agent: undefined, secure: false });
  await pool().query(`insert into app_user (id, email, name, state, created_by) select 'u' || lpad(n::text, 9, '0'), 'guest' || n || '@example.org', 'Guest ' || n, 'invited', ${by} from generate_series(1, 60) n`);
  await pool().query(
    `insert into one_time_link (id, hash, purpose, user_id, created_by, ends_at) select 'v' || substr(id, 2), sha256(id::bytea), 'invitation', id, ${by}, now() + interval '1 day' from app_user where id like 'u0000000%'`);
  await pool().query(`insert into "grant" (id, user_id, role, site, created_by) select 'g' || substr(id, 2), id, 'viewer', $1, ${by} from app_user where id like 'u0000000%'`, [site]);
  await pool().query(`insert into "grant" (id, user_id, role, created_by) select 'g1' || lpad(n::text, 8, '0'), $1, 'role' || n, ${by} from generate_series(1, 60) n`, [root.id]);
  await pool().query(`insert into "grant" (id, team_id, role, created_by) select 'g2' || lpad(n::text, 8, '0'), 't000000001', 'role' || n, ${by} from generate_series(1, 60) n`);
  const { body: channel } = await api.send('POST', '/alerts/channels', { body: { kind: 'webhook', name: 'Desk', routing: { severities: ['critical'], subjects: [] }, config: { url: 'https://hooks.example.org/', secret: 'a secret of some length' } } });
  for (let n = 0; n < 25; n += 1) assert.equal((await api.send('POST', `/alerts/channels/${channel.id}/test`)).status, 201);

  /** How many different ones there are on the page and those after it. */
  const walked = async (path: string, each: RegExp): Promise<number> => {
    const seen = new Set<string>();
    for (let at: string | undefined = path, pages = 0; at !== undefined && pages < 10; pages += 1) {
      const { status, html } = await visit(api, at, root);
      assert.equal(status, 200, at);
      for (const [, one] of html.matchAll(each)) seen.add(one!);
      at = nextOf(html);
    }
    return seen.size;
  };
  assert.equal(await walked(`/incidents/${incident}`, /(for the reason \d+)/g), 60);
  assert.equal(await walked(`/containers/${CONTAINERS[0]}`, /(for the reason \d+)/g), 60);
  assert.equal(await walked(`/people/users/${root.id}`, /name="session" value="(\w+)"/g), 60);
  assert.equal(await walked('/people/invite', /value="(guest\d+@example\.org)"/g), 60);
  assert.equal(await walked(`/sites/${site}/people`, /name="grant" value="(g0000\w+)"/g), 60);
  assert.equal(await walked(`/settings/alerts/${channel.id}`, /<th scope="row">(<time datetime="[^"]+")/g), 25);

  const says = async (path: string, ...words: string[]) => {
    const html = (await visit(api, path, root)).html.replaceAll('&#x3D;', '=').replaceAll('&amp;', '&').replaceAll('%40', '@');
    for (const each of words) assert.ok(html.includes(each), `${path} says ${each}`);
  };
  await says(`/people/users/${root.id}`, 'href="/people/grants?user=root@example.org">And more');
  await says('/people/teams/t000000001', 'href="/people/grants?team=t000000001">And more');
  await says(`/containers/${CONTAINERS[0]}`, `href="/incidents?container=${CONTAINERS[0]}">And more`);
  await says('/', 'href="/approvals?state=pending">And more');
  // It is the oldest of the 230 that wait.
  await says(`/incidents/${incident}`, 'A person must decide', 'href="/approvals/a000000001"');
});

test('all the sites that tokens are for are called by their names', async () => {
  await pool().query(
    `insert into site (id, rev, name, phase, release, database_server) select 's' || lpad(n::text, 9, '0'), 0, 'many-' || n, 'live', (select release from site limit 1), (select database_server from site limit 1) from generate_series(1, 240) n`);
  const sites = Array.from({ length: 240 }, (_, n) => `many-${n + 1}`);
  for (const n of [0, 80, 160]) {
    assert.equal((await root.send('POST', '/me/tokens', { body: { name: `from ${n}`, role: 'viewer', sites: sites.slice(n, n + 80) } })).status, 201);
  }
  const { html } = await visit(api, '/account/tokens', root);
  assert.deepEqual(sites.filter((name) => !html.includes(name)), []);
  assert.doesNotMatch(html, /s000000\d{3}\b/);
});
