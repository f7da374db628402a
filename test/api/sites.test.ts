import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commitChange } from '../../src/database/change.ts';
import { newId } from '../../src/database/new-id.ts';
import { assertProblem, liveSite, startApi, SYSTEM, type TestApi } from './harness.ts';
import { person } from './people.ts';

let api: TestApi;
before(async () => { api = await startApi(); });
after(() => api.close());

test('a site is created by a run that was committed with it', async () => {
  const { status, body, headers } = await api.send('POST', '/sites', { body: { name: 'alpha' } });
  assert.equal(status, 202, JSON.stringify(body));
  assert.match(body.id, /^s[0-9a-z]{9}$/);
  assert.equal(body.status, 'creating');
  assert.deepEqual(body.hostnames, [{ hostname: 'alpha.localhost', role: 'primary', status: 'binding' }]);
  assert.equal(headers.get('location'), `/api/v1/runs/${body.run.id}`);
  assert.equal(body.run.href, `/api/v1/runs/${body.run.id}`);
  assert.deepEqual(api.started, [body.run.id]);
  const run = (await api.send('GET', `/runs/${body.run.id}`)).body;
  assert.equal(run.type, 'createSite');
  assert.equal(run.state, 'requested');
  assert.equal(run.progress, 0);
  assert.deepEqual(run.input, { site: body.id, hostname: 'alpha.localhost', further: [] });
  assert.equal((await api.send('GET', '/sites/alpha')).body.id, body.id);
  const audit = (await api.send('GET', `/audit?run=${body.run.id}`)).body.items;
  assert.ok(audit.length > 0 && audit.every((entry: { actor: { name: string } }) => entry.actor.name === 'test'));
});

test('further hostnames are held from the request on, and one name has one holder', async () => {
  const first = await api.send('POST', '/sites', {
    body: { name: 'beta', hostnames: [{ hostname: 'WWW.Beta-Example.org.', role: 'primary' }, { hostname: 'beta-example.org', role: 'redirect' }] },
  });
  assert.equal(first.status, 202, JSON.stringify(first.body));
  assert.deepEqual(first.body.hostnames.map((each: { hostname: string }) => each.hostname).sort(),
    ['beta-example.org', 'beta.localhost', 'www.beta-example.org']);
  const run = (await api.send('GET', `/runs/${first.body.run.id}`)).body;
  assert.deepEqual(run.input.further, [{ hostname: 'www.beta-example.org', role: 'primary' }, { hostname: 'beta-example.org', role: 'redirect' }]);
  const second = await api.send('POST', '/sites', { body: { name: 'gamma', hostnames: [{ hostname: 'www.beta-example.org' }] } });
  assertProblem(second, 409, 'exists');
  assert.match(second.body.detail, /www\.beta-example\.org is taken/);
  assert.equal((await api.send('GET', '/sites/gamma')).status, 404, 'nothing is half made');
});

test('whoever creates a site binds further hostnames to it only if they may bind', async () => {
  await api.send('POST', '/roles', { body: { name: 'founder', actions: ['site:create', 'site:read'] } });
  const founder = await person(api, 'Founder', [{ role: 'founder' }]);
  const refused = await founder.send('POST', '/sites', { body: { name: 'delta', hostnames: [{ hostname: 'www.delta-example.org' }] } });
  assertProblem(refused, 403, 'forbidden');
  assert.match(refused.body.detail, /^hostname:bind /);
  assertProblem(await api.send('GET', '/hostnames/www.delta-example.org'), 404, 'not-found');
  assert.equal((await founder.send('POST', '/sites', { body: { name: 'delta' } })).status, 202, 'its own comes with it');
  const editor = await person(api, 'Editor', [{ role: 'editor' }]);
  assert.equal((await editor.send('POST', '/sites', { body: { name: 'epsilon', hostnames: [{ hostname: 'www.delta-example.org' }] } })).status, 202);
});

test('a name is one site’s; of many who ask at once, one gets it', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.send('POST', '/sites', { body: { name: 'wanted' } })));
  assert.equal(answers.filter(({ status }) => status === 202).length, 1);
  for (const answer of answers.filter(({ status }) => status !== 202)) {
    assertProblem(answer, 409, 'exists');
    assert.match(answer.body.detail, /there is a site named wanted already|wanted\.localhost is taken/);
  }
});

test('what cannot be a site is refused, field by field', async () => {
  const cases: [object, string][] = [
    [{ name: 'Www' }, 'name'], [{ name: 'www' }, 'name'], [{ name: 'a' }, 'name'], [{ name: 'xn--y' }, 'name'], [{ name: 'tail-' }, 'name'],
    [{ name: 'ok', colour: 'red' }, 'colour'], [{ name: 'ok', settings: { processes: 0 } }, 'settings.processes'],
    [{ name: 'ok', settings: { speed: 9 } }, 'settings.speed'], [{}, 'name'], [{ name: 7 }, 'name'],
    [{ name: 'ok', hostnames: [{ hostname: '10.0.0.1' }] }, 'hostnames.0.hostname'],
    [{ name: 'ok', hostnames: [{ hostname: 'co.uk' }] }, 'hostnames.0.hostname'],
    [{ name: 'ok', hostnames: [{ hostname: 'localhost' }] }, 'hostnames.0.hostname'],
    [{ name: 'ok', hostnames: [{ hostname: 'a.example.org' }, { hostname: 'A.example.org' }] }, 'hostnames.1.hostname'],
    [{ name: 'ok', hostnames: [{ hostname: 'a.example.org', role: 'boss' }] }, 'hostnames.0.role'],
    [{ name: 'ok', owner: 'a\u0000b' }, 'owner'], [{ name: 'ok', owner: '\ud800' }, 'owner'],
    [{ name: 'ok', release: 'r000000000' }, 'release'], [{ name: 'ok', store: 's3' }, 'store'],
  ];
  for (const [body, path] of cases) {
    const answer = await api.send('POST', '/sites', { body });
    assertProblem(answer, 422, 'invalid');
    assert.ok(answer.body.errors.some((each: { path: string }) => each.path === path), `${JSON.stringify(body)}: ${JSON.stringify(answer.body.errors)}`);
  }
  assert.equal((await api.send('GET', '/sites/ok')).status, 404);
});

test('without a release that is ready there is nothing to create a site of', async () => {
  const other = await startApi();
  try {
    const { rows } = await other.database.pool.query("select id from release where phase = 'ready'");
    await commitChange(other.database.pool, { actor: SYSTEM, type: 'test', metadata: {}, writes: [{ table: 'release', op: 'update', key: { id: rows[0].id }, values: { phase: 'retired' } }] });
    const answer = await other.send('POST', '/sites', { body: { name: 'early' } });
    assertProblem(answer, 409, 'conflict');
    assert.match(answer.body.detail, /no release is ready/);
    const named = await other.send('POST', '/sites', { body: { name: 'early', release: rows[0].id } });
    assertProblem(named, 409, 'conflict');
    assert.match(named.body.detail, /is retired, not ready/);
  } finally {
    await other.close();
  }
});

test('the newest release that is ready is taken', async () => {
  const [newer, preparing] = [newId('r'), newId('r')];
  const values = { codebase: 'example', source: '/srv/example', database_server: 'local' };
  await commitChange(api.database.pool, { actor: SYSTEM, type: 'test', metadata: {}, writes: [
    { table: 'release', op: 'insert', values: { ...values, id: newer, phase: 'ready' } },
    { table: 'release', op: 'insert', values: { ...values, id: preparing, phase: 'preparing' } },
  ] });
  assert.equal((await api.send('POST', '/sites', { body: { name: 'newest' } })).body.release, newer);
});

test('settings change by PATCH with the rev that was read; what is left out stays', async () => {
  const id = await liveSite(api, 'settled');
  const { body: before, headers } = await api.send('GET', `/sites/${id}`);
  assert.equal(headers.get('etag'), `"${before.rev}"`);
  assert.equal(before.status, 'active');
  const patch = { body: { settings: { processes: 4 }, owner: 'Ada' } };
  assertProblem(await api.send('PATCH', `/sites/${id}`, patch), 428, 'precondition-missing');
  assertProblem(await api.send('PATCH', `/sites/${id}`, { ...patch, headers: { 'if-match': `"${before.rev - 1}"` } }), 412, 'stale');
  assertProblem(await api.send('PATCH', `/sites/${id}`, { ...patch, headers: { 'if-match': 'nonsense' } }), 412, 'stale');
  const done = await api.send('PATCH', `/sites/${id}`, { ...patch, headers: { 'if-match': headers.get('etag')! } });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.deepEqual(done.body.settings, { ...before.settings, processes: 4 });
  assert.equal(done.body.owner, 'Ada');
  assert.ok(done.body.rev > before.rev);
  assertProblem(await api.send('PATCH', `/sites/${id}`, { body: {}, headers: { 'if-match': '*' } }), 422, 'invalid');
  assertProblem(await api.send('PATCH', `/sites/${id}`, { body: { name: 'other' }, headers: { 'if-match': '*' } }), 422, 'invalid');
});

test('two people who change the same rev: one is told', async () => {
  const id = await liveSite(api, 'contested');
  const { body: { rev } } = await api.send('GET', `/sites/${id}`);
  const answers = await Promise.all([2, 3, 4, 5].map((threads) =>
    api.send('PATCH', `/sites/${id}`, { body: { settings: { threads } }, headers: { 'if-match': String(rev) } })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412, 412]);
});

test('a list gives each site once, however many pages it takes', async () => {
  const whole = (await api.send('GET', '/sites?limit=200')).body.items.map((site: { name: string }) => site.name);
  const found: string[] = [];
  let next: string | null = null;
  do {
    const page: { items: { name: string }[]; next: string | null } = (await api.send('GET', `/sites?limit=2${next ? `&cursor=${next}` : ''}`)).body;
    assert.ok(page.items.length <= 2);
    found.push(...page.items.map(({ name }) => name));
    next = page.next;
  } while (next !== null);
  assert.deepEqual(found, whole);
  assert.deepEqual(found, [...found].sort());
});

test('a quarantined site is degraded, and says where and why', async () => {
  const id = await liveSite(api, 'broken');
  const container = newId('c');
  await api.database.pool.query("insert into container (id, slot, role, incarnation) values ($1, $1, 'site', 1)", [container]);
  await api.database.pool.query("insert into quarantine (container, incarnation, site, wanted_rev, reason) values ($1, 1, $2, 9, 'its template does not parse')", [container, id]);
  const { body } = await api.send('GET', `/sites/${id}`);
  assert.equal(body.status, 'degraded');
  assert.deepEqual([body.conditions[0].type, body.conditions[0].status, body.conditions[0].reason], ['Accepted', 'false', 'Quarantined']);
  assert.match(body.conditions[0].message, new RegExp(`${container}: its template`));
});

test('an unknown site is not found, in every address that names one', async () => {
  const requests: [string, string, object?][] = [
    ['GET', '/sites/nobody'], ['PATCH', '/sites/nobody', { owner: 'x' }], ['DELETE', '/sites/nobody'], ['POST', '/sites/nobody/suspend'],
    ['POST', '/sites/nobody/login'], ['GET', '/sites/nobody/env'], ['GET', '/sites/nobody/logs'], ['GET', '/sites/nobody/hostnames'],
    ['POST', '/sites/nobody/hostnames', { hostname: 'a.example.org' }], ['POST', '/sites/nobody/exec', { command: ['check'] }],
    ['GET', '/sites/%00'], ['GET', `/sites/${'x'.repeat(64)}`],
  ];
  for (const [method, path, body] of requests) {
    const answer = await api.send(method, path, { ...(body ? { body } : {}), headers: { 'if-match': '*' } });
    if (path === '/sites/%00') assertProblem(answer, 400, 'bad-request');
    else assertProblem(answer, 404, 'not-found');
  }
});
