/** Every page, with everyone, against the one table of permissions (test/api/permissions.table.ts). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Authenticated } from '../../src/api/authenticate.ts';
import type { Deps } from '../../src/api/deps.ts';
import { createPrincipals } from '../../src/api/principals.ts';
import { routeNamed } from '../../src/api/routes/index.ts';
import { all } from '../../src/dashboard/pages/index.ts';
import { wayIn } from '../../src/dashboard/pages/sign-in/index.ts';
import type { Page, View } from '../../src/dashboard/page.ts';
import { viewOf } from '../../src/dashboard/serve-page.ts';
import { askApproval } from '../../src/database/approvals.ts';
import { openIncident } from '../../src/database/incidents.ts';
import { newId } from '../../src/database/new-id.ts';
import { ReeveError, isReeveError } from '../../src/domain/errors.ts';
import { liveSite, startApi, SYSTEM, type TestApi } from '../api/harness.ts';
import type { TestPerson } from '../api/people.ts';
import { everyone, expected, type Outcome, outcomeAt, whoIs } from '../api/permissions.ts';
import { COLUMNS, type Column, PERMISSIONS } from '../api/permissions.table.ts';
import { visit } from './visit.ts';

let api: TestApi;
let deps: Deps;
let people: Record<Exclude<Column, 'anonymous'>, TestPerson>;
/** What the addresses name: of the site that the `site…` columns are given something on, and of the platform. */
let params: Record<string, string>;
/** What is typed, where an act asks for the name of what it acts on. */
let names: Record<string, string>;

const nameOf = ({ method, path }: Page) => `page ${method} ${path}`;
// Ways in and out are nothing that one is permitted, and have their tests; the stream is a route’s own.
const closed = all.filter((page) => !page.open && page.path !== '/stream' && !wayIn.includes(page));
const addressOf = (page: Page) => page.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? 'x'));

before(async () => {
  api = await startApi();
  const { pool } = api.database;
  deps = { ...api, pool, principals: createPrincipals(pool), config: {} } as unknown as Deps;
  const [site, other] = [await liveSite(api, 'alpha'), await liveSite(api, 'beta')];
  people = await everyone(api, site, other);
  const container = newId('c');
  await pool.query(`insert into container (id, slot, role, state, incarnation, wanted, lease_expires_at) values ($1, 'one', 'site', 'ready', 1, 'running', now() + interval '1 hour')`, [container]);
  const { id: incident } = await openIncident(pool, { subject: `site:${site}`, site, cause: 'site-down', severity: 'critical', title: 'it fails', evidence: {} });
  const { body: channel } = await api.send('POST', '/alerts/channels', { body: { kind: 'slack', name: 'calls', config: { url: 'https://hooks.example.org/x' } } });
  const { body: { id: team } } = await api.send('POST', '/teams', { body: { name: 'Web' } });
  await api.send('POST', '/grants', { body: { team, role: 'viewer', site } });
  const { body: { name: role } } = await api.send('POST', '/roles', { body: { name: 'keeper', actions: ['site:read'] } });
  params = {
    site, container, incident: String(incident), channel: channel.id, hostname: 'alpha.localhost', run: (await api.send('GET', `/runs?site=${site}`)).body.items[0].id,
    approval: await askApproval(pool, { kind: 'removal', subject: `site:${site}`, by: SYSTEM, request: { type: 'deleteSite', input: { site } } }),
    grant: (await api.send('GET', `/grants?site=${site}`)).body.items[0].id, user: people.siteEditor.id, member: people.siteEditor.id, team, role, act: 'suspend', verb: 'replace', kind: 'slack',
  };
  names = { user: people.siteEditor.email, team: 'Web', site: 'alpha', container, channel: 'calls', hostname: 'alpha.localhost', approval: 'alpha' };
});
after(() => api.close());

test('every page has a row, and no row is of nothing', () => {
  assert.deepEqual(Object.keys(PERMISSIONS).filter((name) => name.startsWith('page ')).sort(), closed.map(nameOf).sort());
});

/** A page as a browser asks for it. */
async function seen(page: Page, who: TestPerson | null): Promise<Outcome> {
  const { status, location } = await visit(api, addressOf(page), who);
  if (status === 303 && location?.startsWith('/sign-in')) return '1';
  return status === 403 ? '3' : status === 404 ? '4' : '+';
}

/** What becomes of a form: the page’s own way to its routes and their real checks, with nothing done behind them. */
async function sent(page: Page, who: Authenticated): Promise<Outcome> {
  const named = Object.fromEntries([...page.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, params[name!] ?? 'x']));
  const confirm = Object.keys(named).map((name) => names[name]).find((name) => name !== undefined) ?? '';
  const form = { ...params, confirm, rev: '1', name: 'NAME', names: 'NAME', role: 'viewer', verb: 'suspend' };
  const view = viewOf(deps, { params: named, query: {}, path: addressOf(page), ip: '127.0.0.1', get: () => undefined } as never, {} as never, who, form) as View;
  let asked = 0;
  const routes: View['routes'] = {
    ...view.routes,
    async send(method, path, given = {}) {
      asked += 1;
      const outcome = await outcomeAt(deps, routeNamed(`${method} ${path as `/${string}`}`), who, { ...params, ...given.params, ...(given.query as Record<string, string>) });
      if (outcome !== '+') throw new ReeveError(outcome === '4' ? 'not-found' : 'forbidden', path);
      return { body: { ...params, id: params.site, url: 'https://alpha.localhost/', expiresAt: new Date().toISOString() } as never, etag: 1, run: params.run };
    },
  };
  try {
    await page.handle({ ...view, routes });
  } catch (error) {
    if (isReeveError(error, 'forbidden')) return '3';
    if (isReeveError(error, 'not-found')) return '4';
    throw new Error(`${nameOf(page)}: ${String(error)}`, { cause: error });
  }
  assert.ok(asked > 0, `${nameOf(page)} does nothing that a route does`);
  return '+';
}

for (const column of COLUMNS) {
  test(`${column} sees what the table says, and does no more`, async () => {
    const who = column === 'anonymous' ? null : people[column];
    const as = who && await whoIs(deps, who);
    const found: Record<string, string> = {};
    for (const page of closed) found[nameOf(page)] = page.method === 'GET' || as === null ? await (page.method === 'GET' ? seen(page, who) : '1') : await sent(page, as);
    assert.deepEqual(found, Object.fromEntries(closed.map((page) => [nameOf(page), expected(nameOf(page))[column]])));
  });
}
