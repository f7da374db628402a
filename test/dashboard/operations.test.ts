/** What an operator does on pages: containers, incidents, approvals, the records. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { sealAudit } from '../../src/database/runs/audit-chain.ts';
import { askApproval } from '../../src/database/approvals.ts';
import { openIncident } from '../../src/database/incidents.ts';
import { newId } from '../../src/database/new-id.ts';
import { recordDecision } from '../../src/database/remediations.ts';
import { liveSite, startApi, SYSTEM, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { submit, visit } from './visit.ts';

let api: TestApi;
let root: TestPerson;
let onlooker: TestPerson;
let container: string;
before(async () => {
  api = await startApi();
  root = await person(api, 'Root', [{ role: 'owner' }]);
  onlooker = await person(api, 'Onlooker', [{ role: 'viewer' }]);
});
after(() => api.close());
beforeEach(async () => {
  container = newId('c');
  // One is replaced at a time: what a test has asked for is over.
  await pool().query(`update run set state = 'cancelled', ended_at = now() where type = 'replaceContainer' and ended_at is null`);
  await pool().query(`insert into container (id, slot, role, state, incarnation, wanted, lease_expires_at) values ($1, $1, 'site', 'ready', 2, 'running', now() + interval '1 hour')`, [container]);
});
const pool = () => api.database.pool;
const failing = async () => (await openIncident(pool(), {
  subject: `container:${container}`, cause: 'sites-down', severity: 'critical', title: 'Nothing answers in it', container, incarnation: 2,
  evidence: { hostnames: ['a.example.org: 500'], traceback: 'Traceback (most recent call last):\n  KeyError: 1' },
})).id;

test('a container is replaced by its page, which says what will happen and asks for its id', async () => {
  const path = `/containers/${container}/actions/replace`;
  const page = await visit(api, path, root);
  assert.match(page.html, /name="incarnation" value="2"/);
  const wrong = await submit(api, path, root, page, { confirm: 'c' });
  assert.equal(wrong.status, 422);
  assert.match(wrong.html, new RegExp(`Must be ${container}`));
  const done = await submit(api, path, root, page, { confirm: container });
  assert.match(done.location ?? '', /^\/runs\/w/, done.html.slice(0, 300));
  const again = await submit(api, path, root, await visit(api, path, root), { confirm: container });
  assert.equal(again.status, 409);
  assert.match(again.html, /href="\/runs\/w/, 'and which run holds it');
});

test('one that came up anew meanwhile is another container', async () => {
  const path = `/containers/${container}/actions/regenerate`;
  const page = await visit(api, path, root);
  await pool().query('update container set incarnation = 3 where id = $1', [container]);
  const refused = await submit(api, path, root, page, {});
  assert.ok(refused.status === 409 || refused.status === 412, `${refused.status}`);
});

test('whoever may only look has no buttons, and is refused', async () => {
  const page = await visit(api, `/containers/${container}`, onlooker);
  assert.equal(page.status, 200);
  assert.doesNotMatch(page.html, /actions\/replace|Check it now/);
  assert.equal((await submit(api, `/containers/${container}/actions/replace`, onlooker, await visit(api, `/containers/${container}`, root), { _csrf: onlooker.csrf, confirm: container })).status, 403);
  assert.doesNotMatch((await visit(api, '/settings', onlooker)).html, /<button class="button primary">Save/);
});

test('a container that cannot be asked still has its page of drift, which says so; one that is not there has none', async () => {
  const page = await visit(api, `/containers/${container}/drift`, root);
  assert.equal(page.status, 200);
  assert.match(page.html, /The comparison cannot be shown/);
  assert.equal((await visit(api, '/containers/c000000000/drift', root)).status, 404);
});

test('a container may take as long to answer for its page of drift, and for a check, as for their routes', async () => {
  const agent = createServer((_, response) => {
    // More than a request has otherwise (src/api/time-limit.ts).
    setTimeout(() => response.end('{}'), 6_500);
  });
  await new Promise((resolve) => agent.listen(0, '127.0.0.1', () => resolve(null)));
  try {
    await pool().query('update container set agent_url = $2 where id = $1', [container, `http://127.0.0.1:${(agent.address() as AddressInfo).port}`]);
    const base = `/containers/${container}`;
    const form = await visit(api, base, root);
    const [page, checked] = await Promise.all([visit(api, `${base}/drift`, root), submit(api, `${base}/check`, root, form, {})]);
    assert.deepEqual([page.status, checked.status], [200, 303]);
    assert.match(page.html, /it has not recorded its layout yet/i, 'which is what such an answer means');
    assert.equal(checked.location, `${base}/drift?said=checked`);
  } finally {
    agent.close();
    agent.closeAllConnections();
  }
});

test('what was found in a container before is read from either end', async () => {
  await pool().query(`update container set agent_url = 'http://127.0.0.1:9' where id = $1`, [container]);
  for (const n of [1, 2]) await pool().query(`insert into drift (container, incarnation, path, kind, found_by) values ($1, 2, $2, 'changed', 'check')`, [container, `/etc/${n}`]);
  const paths = (html: string) => [...html.matchAll(/\/etc\/\d/g)].map(([path]) => path);
  const base = `/containers/${container}/drift`;
  const newest = await visit(api, base, root);
  assert.deepEqual([...new Set(paths(newest.html))], ['/etc/2', '/etc/1']);
  assert.match(newest.html.replaceAll('&#x3D;', '='), new RegExp(`<a href="${base}\\?sort=at">Oldest first</a>`));
  const oldest = await visit(api, `${base}?sort=at`, root);
  assert.deepEqual([...new Set(paths(oldest.html))], ['/etc/1', '/etc/2']);
  assert.match(oldest.html.replaceAll('&#x3D;', '='), new RegExp(`<a href="${base}\\?sort=-at">Newest first</a>`));
});

test('an incident shows where, since when, the evidence, and what was decided; one says that one looks after it', async () => {
  const id = await failing();
  await recordDecision(pool(), { action: 'replace', decision: 'refused', reason: 'the budget of 4 is used up' }, { incident: id, container, incarnation: 2 });
  assert.match((await visit(api, '/incidents?state=open', root)).html, /Nothing answers in it/);
  const page = await visit(api, `/incidents/${id}`, root);
  for (const part of [/KeyError: 1/, /a\.example\.org: 500/, /the budget of 4 is used up/, new RegExp(`/containers/${container}/drift`)]) assert.match(page.html, part);
  const done = await submit(api, `/incidents/${id}/acknowledge`, root, page, { note: 'on it' });
  assert.equal(done.location, `/incidents/${id}?said=acknowledged`);
  assert.equal((await api.send('GET', `/incidents/${id}`)).body.timeline.at(-1).note, 'on it');
});

test('an approval says what it will do, is given once, and leads to its run', async () => {
  const incident = await failing();
  const id = await askApproval(pool(), {
    kind: 'replacement', subject: `container:${container}`, by: SYSTEM,
    request: { type: 'replaceContainer', input: { container, incarnation: 2, successor: newId('c'), incident } },
  });
  assert.match((await visit(api, '/approvals?state=pending', root)).html, new RegExp(id));
  assert.match((await visit(api, `/incidents/${incident}`, root)).html, new RegExp(`A person must decide[\\s\\S]*href="/approvals/${id}"`));
  const page = await visit(api, `/approvals/${id}`, root);
  assert.match(page.html, /Another container is launched first/);
  const done = await submit(api, `/approvals/${id}/approve`, root, page, {});
  assert.match(done.location ?? '', /^\/runs\/w/, done.html.slice(0, 300));
  const late = await submit(api, `/approvals/${id}/reject`, root, page, { _key: 'form-another' });
  assert.equal(late.status, 409);
});

test('the records are filtered in their address; the chain is verified on a page of its own, which nothing loads again', async () => {
  const { body } = await api.send('POST', '/sites', { body: { name: 'alpha' } });
  const events = await visit(api, '/events?type=site.creating', root);
  assert.match(events.html, /alpha/);
  const audit = await visit(api, `/audit?subject=site:${body.id}`, root);
  assert.match(audit.html, /href="\/audit\/verify"/);
  assert.match(audit.html, /&quot;name&quot;: &quot;alpha&quot;/);
  await sealAudit(api.database.pool);
  const verified = await visit(api, '/audit/verify', root);
  assert.match(verified.html, /The chain is intact/);
  assert.doesNotMatch(verified.html, /id="list"|data-every/);
  const [, head] = /<code>(\d+:[0-9a-f]{64})<\/code>/.exec(verified.html)!;
  assert.match((await visit(api, `/audit/verify?head=${head}`, root)).html, /The head that you kept is in it/);
  assert.match((await visit(api, `/audit/verify?head=1:${'0'.repeat(64)}`, root)).html, /is not in the chain/);
  assert.match((await visit(api, '/audit/verify?head=x', root)).html, /must be like 1842:/i);
  const link = /href="(\/api\/v1\/audit\/export[^"]*csv[^"]*)"/.exec(audit.html)?.[1]?.replace(/&amp;/g, '&').replace(/&#x3D;/g, '=');
  const csv = await fetch(api.url + link, { headers: { cookie: root.cookie } });
  assert.match(await csv.text(), new RegExp(`site:${body.id}`));
});

test('whoever may see no site reads what is about one, which is named by its id', async () => {
  const site = await liveSite(api, 'hidden');
  await pool().query(`insert into quarantine (container, incarnation, site, wanted_rev, reason) values ($1, 2, $2, 9, 'its template does not parse')`, [container, site]);
  const { id: incident } = await openIncident(pool(), { subject: `site:${site}`, site, cause: 'site-down', severity: 'critical', title: `${site} fails`, evidence: { sites: [site] } });
  const approval = await askApproval(pool(), { kind: 'removal', subject: `site:${site}`, by: SYSTEM, request: { type: 'deleteSite', input: { site } } });
  const run = (await api.send('GET', `/runs?site=${site}`)).body.items[0].id;
  const actions = ['platform:read', 'run:read', 'incident:read', 'remediation:read', 'approval:read', 'event:read', 'audit:read', 'container:read', 'hostname:read', 'health:read'];
  await api.send('POST', '/roles', { body: { name: 'watcher', actions } });
  const watcher = await person(api, 'Watcher', [{ role: 'watcher' }]);
  const pages = ['/', '/runs', `/runs/${run}`, '/incidents', `/incidents/${incident}`, '/approvals', `/approvals/${approval}`, `/events?site=${site}`, `/audit?subject=site:${site}`,
    `/containers/${container}`, '/hostnames/hidden.localhost'];
  for (const path of pages) {
    const page = await visit(api, path, watcher);
    assert.equal(page.status, 200, `${path}: ${page.html.slice(page.html.indexOf('<main')).replace(/<[^>]+>/g, ' ').slice(0, 300)}`);
    assert.ok(page.html.includes(site), path);
  }
});
