/** Every route, with everyone, against the one table. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Deps } from '../../src/api/deps.ts';
import { createPrincipals } from '../../src/api/principals.ts';
import type { Route } from '../../src/api/route.ts';
import { rootRoutes, routes } from '../../src/api/routes/index.ts';
import { askApproval } from '../../src/database/approvals.ts';
import { openIncident } from '../../src/database/incidents.ts';
import { newId } from '../../src/database/new-id.ts';
import { ROLE_ACTIONS } from '../../src/domain/permission.ts';
import { assertProblem, liveSite, startApi, SYSTEM, type TestApi } from './harness.ts';
import { person, type TestPerson } from './people.ts';
import { everyone, expected, outcomeAt, outcomeOfGet, whoIs } from './permissions.ts';
import { type Column, COLUMNS, PERMISSIONS } from './permissions.table.ts';

let api: TestApi;
let deps: Deps;
let people: Record<Exclude<Column, 'anonymous'>, TestPerson>;
/** What the addresses name: things of the site that the `site…` columns are given something on. */
let params: Record<string, string>;
/** Of the platform, and of a site that none of them may see. */
let elsewhere: { readonly site: string; readonly container: string; readonly incident: number; readonly approvals: readonly string[] };

const nameOf = (route: Route) => `${route.method} ${route.path}`;
const all = [...rootRoutes, ...routes];
/** One that has none fails in a test of its own. */
const withRow = all.filter((route) => PERMISSIONS[nameOf(route)] !== undefined);
/** What a route cannot be asked without. */
const queryOf = (): Record<string, string> => ({
  '/health/history': `?hostname=${params.hostname}`, '/users/{user}/can': `?action=site:read&site=${params.site}`,
  '/who-can': `?action=site:read&site=${params.site}`, '/me/can': '?action=me:read',
});
const pathOf = (route: Route) => route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? 'x')) + (queryOf()[route.path] ?? '');

/** Things that are the platform's: a container, a release, a team, and a channel that one message went through. */
async function platformThings(container: string): Promise<Record<string, string>> {
  const { pool } = api.database;
  await pool.query(`insert into container (id, slot, role, incarnation) values ($1, $1, 'site', 1)`, [container]);
  const { body: team } = await api.send('POST', '/teams', { body: { name: 'Press' } });
  const { body: channel } = await api.send('POST', '/alerts/channels', { body: { name: 'pager', kind: 'webhook', config: { url: 'https://hooks.example.org/x', secret: 'of sixteen at least' } } });
  const { body: delivery } = await api.send('POST', `/alerts/channels/${channel.id}/test`);
  const { body: releases } = await api.send('GET', '/releases');
  return { container, team: team.id, channel: channel.id, delivery: delivery.id, release: releases.items[0].id };
}

/** What can be asked for real, since it changes nothing and ends. */
const isRead = (route: Route) => route.method === 'GET' && !route.stream && !route.path.includes('stream');

before(async () => {
  api = await startApi();
  const { pool } = api.database;
  deps = { pool, principals: createPrincipals(pool), peopleKey: api.peopleKey } as Partial<Deps> as Deps;
  const [site, other] = [await liveSite(api, 'alpha'), await liveSite(api, 'beta')];
  people = await everyone(api, site, other);
  const incident = async (subject: string, of: object) => (await openIncident(pool, { subject, cause: 'site-down', severity: 'critical', title: 'it fails', evidence: {}, ...of })).id;
  const approval = (subject: string) => askApproval(pool, { kind: 'removal', subject, by: SYSTEM, request: { type: 'deleteSite', input: { site } } });
  const container = newId('c');
  const ofSite = async (id: string) => (await api.send('GET', `/runs?site=${id}`)).body.items[0].id as string;
  params = {
    site, hostname: 'alpha.localhost', run: await ofSite(site), incident: String(await incident(`site:${site}`, { site })), approval: await approval(`site:${site}`),
    grant: (await api.send('GET', `/grants?site=${site}`)).body.items[0].id, container, user: people.siteEditor.id, role: 'editor',
    ...(await platformThings(container)),
  };
  assert.equal((await api.send('POST', '/grants', { body: { team: params.team, role: 'viewer', site } })).status, 201);
  elsewhere = {
    site: other, container, incident: await incident(`container:${container}`, { container, incarnation: 1 }),
    approvals: [await approval(`site:${other}`), await approval(`container:${container}`)],
  };
});
after(() => api.close());

test('every route has a row, and no row is of nothing', () => {
  const rows = Object.keys(PERMISSIONS).filter((name) => !name.startsWith('page ')).sort();
  assert.deepEqual(rows, all.map(nameOf).sort());
  for (const route of all) {
    expected(nameOf(route));
    if (route.action !== null) assert.ok(ROLE_ACTIONS.owner.has(route.action), nameOf(route));
    if (route.method !== 'GET' && route.action !== null) assert.ok(!route.action.endsWith(':read'), nameOf(route));
  }
});

for (const column of COLUMNS.filter((each) => each !== 'anonymous')) {
  test(`${column} is let in where the table says so, and nowhere else`, async () => {
    const who = await whoIs(deps, people[column]);
    const found = await Promise.all(withRow.map(async (route) => {
      const outcome = isRead(route) ? await outcomeOfGet(people[column], pathOf(route)) : await outcomeAt(deps, route, who, params);
      return { route: nameOf(route), outcome, expected: expected(nameOf(route))[column] };
    }));
    assert.deepEqual(found.filter((each) => each.outcome !== each.expected), []);
    // Over HTTP too, where nothing is done because it is refused.
    for (const route of withRow.filter((each) => expected(nameOf(each))[column] === '3')) {
      assertProblem(await people[column].send(route.method, pathOf(route)), 403, 'forbidden');
    }
  });
}

test('a stranger is asked to sign in, but where the table lets anyone in', async () => {
  for (const route of withRow) {
    const open = expected(nameOf(route)).anonymous === '+';
    assert.equal(route.action === null, open, nameOf(route));
    if (!open) assert.ok([401, 429].includes((await api.send(route.method, pathOf(route), { token: null })).status), nameOf(route));
  }
});

test('no list shows somebody of one site what is the platform’s or another site’s', async () => {
  const hidden = [elsewhere.site, 'beta', elsewhere.container, people.elsewhere.id, ...elsewhere.approvals];
  for (const route of withRow.filter((each) => each.on === 'any' && each.method === 'GET' && !/\{|stream|who-can|history/.test(each.path))) {
    for (const who of [people.siteViewer, people.siteOperator, people.siteOwner]) {
      const { status, body } = await who.send('GET', `${route.path}${route.path === '/audit/export' ? '?format=ndjson' : ''}`);
      if (expected(nameOf(route))[who === people.siteViewer ? 'siteViewer' : who === people.siteOperator ? 'siteOperator' : 'siteOwner'] === '3') continue;
      assert.equal(status, 200, `${nameOf(route)} ${JSON.stringify(body)}`);
      for (const each of hidden) assert.ok(!JSON.stringify(body).includes(each), `${nameOf(route)} shows ${each} to ${who.name}`);
      const ids = (body.items ?? []).map(({ id }: { id: unknown }) => id);
      if (route.path === '/incidents') assert.deepEqual(ids, [Number(params.incident)]);
    }
  }
});

test('what is the platform’s is not there for somebody of one site', async () => {
  for (const path of [`/incidents/${elsewhere.incident}`, ...elsewhere.approvals.map((id) => `/approvals/${id}`), '/sites/beta', `/hostnames/beta.localhost`, '/health/history?hostname=beta.localhost', '/why/beta.localhost']) {
    assertProblem(await people.siteOwner.send('GET', path), 404, 'not-found');
  }
  // In the same words as what is nowhere.
  const [unseen, absent] = [await people.siteOwner.send('GET', '/sites/beta'), await people.siteOwner.send('GET', '/sites/gamma')];
  assert.equal(unseen.body.detail.replace('beta', 'gamma'), absent.body.detail);
  assert.deepEqual(Object.keys(unseen.body), Object.keys(absent.body));
});

test('asking a list for one site shows no more of it than may be read there', async () => {
  const make = async (name: string, actions: readonly string[]) => assert.equal((await api.send('POST', '/roles', { body: { name, actions } })).status, 201);
  await make('follower', ['site:read', 'hostname:read', 'event:read', 'health:read']);
  await make('looker', ['site:read', 'hostname:read']);
  const both = await person(api, 'both', [{ role: 'operator', site: params.site! }, { role: 'viewer', site: elsewhere.site }]);
  const follower = await person(api, 'follower', [{ role: 'follower', site: params.site! }, { role: 'looker', site: elsewhere.site }]);
  for (const site of [elsewhere.site, 'beta']) {
    for (const [who, path] of [[both, `/audit?site=${site}`], [follower, `/events?site=${site}`]] as const) {
      const { status, body } = await who.send('GET', path);
      assert.deepEqual([status, body.items, body.next], [200, [], null], path);
    }
    const { status, body } = await both.send('GET', `/audit/export?format=ndjson&site=${site}`);
    assert.deepEqual([status, body], [200, '']);
  }
  for (const [who, path] of [[both, '/audit?site=alpha'], [follower, '/events?site=alpha']] as const) {
    assert.ok((await who.send('GET', path)).body.items.length > 0, path);
  }
  assertProblem(await follower.send('GET', '/health/history?hostname=beta.localhost'), 403, 'forbidden');
  assert.equal((await follower.send('GET', '/health/history?hostname=alpha.localhost')).status, 200);
});

test('whoever has one site gives nothing on another one, which is not there for them', async () => {
  for (const site of [elsewhere.site, 'beta']) {
    assertProblem(await people.siteOwner.send('POST', '/grants', { body: { user: people.nobody.id, role: 'viewer', site } }), 404, 'not-found');
    assertProblem(await people.siteOwner.send('POST', '/invitations', { body: { email: 'new@example.org', role: 'viewer', site } }), 404, 'not-found');
  }
  assertProblem(await people.siteOwner.send('POST', '/grants', { body: { user: people.siteViewer.id, role: 'viewer' } }), 403, 'forbidden');
  assertProblem(await people.siteOwner.send('POST', '/invitations', { body: { email: 'new@example.org', role: 'viewer' } }), 403, 'forbidden');
  assert.deepEqual((await api.send('GET', '/invitations')).body.items, []);
});
