import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { admitContainer } from '../../src/cluster/rows.ts';
import { joinContainer, observeContainer } from '../../src/database/container.ts';
import { claimRun, finishRun } from '../../src/database/run.ts';
import { createToken, ensureFirstToken } from '../../src/database/tokens.ts';
import { testDatabase } from '../postgres.ts';
import { assertProblem, liveSite, startApi, SYSTEM, type TestApi } from './harness.ts';

let api: TestApi;
before(async () => { api = await startApi(); });
after(() => api.close());

const PLACE = { address: '127.0.0.1', port: 9001, agentUrl: 'http://127.0.0.1:9', layout: null };

async function serving(): Promise<{ id: string; incarnation: number }> {
  const { status, body } = await api.send('POST', '/containers', { body: {} });
  assert.equal(status, 202, JSON.stringify(body));
  const incarnation = await joinContainer(api.database.pool, body.id, 0, PLACE);
  const { rows: [platform] } = await api.database.pool.query('select epoch, generation from platform');
  await observeContainer(api.database.pool, body.id, incarnation, { state: 'ready', ...platform });
  await admitContainer(api.database.pool, body.id);
  await finishRun(api.database.pool, body.run.id, 'completed', {});
  return { id: body.id, incarnation };
}

test('a container is launched, seen, and drained as long as another one serves', async () => {
  const first = await serving();
  const shown = (await api.send('GET', `/containers/${first.id}`)).body;
  assert.deepEqual([shown.state, shown.alive, shown.address, shown.role, shown.incarnation], ['ready', true, '127.0.0.1:9001', 'site', 1]);
  const alone = await api.send('POST', `/containers/${first.id}/drain`, { body: {} });
  assertProblem(alone, 409, 'conflict');
  const second = await serving();
  assertProblem(await api.send('POST', `/containers/${first.id}/drain`, { body: { incarnation: 7 } }), 409, 'conflict');
  assertProblem(await api.send('POST', `/containers/c000000000/drain`, { body: {} }), 404, 'not-found');
  const answers = await Promise.all([first, second].map(({ id, incarnation }) => api.send('POST', `/containers/${id}/drain`, { body: { incarnation } })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 409], 'of the last two, one stays');
  const drained = answers.find(({ status }) => status === 202)!.body;
  assert.equal(drained.run.type, 'drainContainer');
  assert.equal((await api.send('GET', '/containers')).body.items.length, 2);
  const other = answers[0]!.status === 202 ? second : first;
  assert.equal((await api.send('POST', `/containers/${other.id}/drain`, { body: { force: true } })).status, 202);
});

test('the platform shows whether all follow', async () => {
  const member = await serving();
  await liveSite(api, 'counted');
  const { body } = await api.send('GET', '/platform');
  assert.equal(body.sites.live, 1);
  assert.equal(body.converged, false);
  assert.ok(body.behind.some(({ container }: { container: string }) => container === member.id));
  for (const { container } of body.behind) {
    const { body: { incarnation } } = await api.send('GET', `/containers/${container}`);
    await observeContainer(api.database.pool, container, incarnation, { epoch: body.epoch, generation: body.generation });
  }
  assert.equal((await api.send('GET', '/platform')).body.converged, true);
});

test('runs are listed newest first, by state, type, subject and site', async () => {
  const site = await liveSite(api, 'running');
  const { body: { run } } = await api.send('POST', `/sites/${site}/suspend`);
  const list = async (query: string) => (await api.send('GET', `/runs?${query}`)).body.items.map((each: { id: string }) => each.id);
  assert.equal((await list('limit=1'))[0], run.id);
  assert.ok((await list('state=open')).includes(run.id));
  assert.deepEqual(await list(`subject=site:${site}&type=suspendSite`), [run.id]);
  assert.equal((await list('site=running')).length, 2);
  assert.deepEqual(await list('state=failed&site=running'), []);
  assertProblem(await api.send('GET', '/runs?state=happy'), 400, 'bad-request');
  const seen: string[] = [];
  let next: string | null = null;
  do {
    const page: { items: { id: string }[]; next: string | null } = (await api.send('GET', `/runs?limit=3${next ? `&cursor=${next}` : ''}`)).body;
    seen.push(...page.items.map(({ id }) => id));
    next = page.next;
  } while (next);
  assert.deepEqual(seen, await list('limit=200'));
});

test('a run shows its steps, how far it is, why it failed, and where Temporal has it', async () => {
  const site = await liveSite(api, 'stepping');
  const { body: { run } } = await api.send('POST', `/sites/${site}/suspend`);
  assert.equal((await api.send('GET', `/runs/${run.id}`)).body.temporalUrl, null);
  await claimRun(api.database.pool, run.id, '0199-temporal');
  await api.database.pool.query(`insert into run_step (run, name, state, started_at, ended_at) values
    ($1, 'claim', 'completed', now(), now()), ($1, 'publishSuspension', 'completed', now(), now()), ($1, 'converge', 'running', now(), null)`, [run.id]);
  const shown = (await api.send('GET', `/runs/${run.id}`)).body;
  assert.equal(shown.state, 'running');
  assert.equal(shown.progress, 0.5);
  assert.equal(shown.steps.length, 3);
  assert.equal(shown.temporalUrl, `http://127.0.0.1:8233/namespaces/default/workflows/${run.id}/0199-temporal/timeline`);
  await finishRun(api.database.pool, run.id, 'failed', { error: { type: 'not-converged', message: 'c1 did not follow' } });
  const failed = (await api.send('GET', `/runs/${run.id}`)).body;
  assert.deepEqual(failed.error, { type: 'not-converged', message: 'c1 did not follow' });
  assertProblem(await api.send('GET', '/runs/w000000000'), 404, 'not-found');
});

test('an open run can be asked to end, and one that failed can be asked for again', async () => {
  const site = await liveSite(api, 'again');
  const { body: { run } } = await api.send('POST', `/sites/${site}/suspend`);
  assertProblem(await api.send('POST', `/runs/${run.id}/retry`), 409, 'conflict');
  const cancelled = await api.send('POST', `/runs/${run.id}/cancel`);
  assert.equal(cancelled.status, 202);
  assert.equal(cancelled.body.cancelRequested, true);
  assert.equal((await api.send('POST', `/runs/${run.id}/cancel`)).status, 202, 'asking twice is asking once');
  await finishRun(api.database.pool, run.id, 'cancelled', {});
  assertProblem(await api.send('POST', `/runs/${run.id}/cancel`), 409, 'conflict');
  const retried = await api.send('POST', `/runs/${run.id}/retry`);
  assert.equal(retried.status, 202, JSON.stringify(retried.body));
  assert.notEqual(retried.body.id, run.id);
  assert.deepEqual([retried.body.type, retried.body.input], ['suspendSite', { site }]);
  assertProblem(await api.send('POST', `/runs/${run.id}/retry`), 409, 'busy');
  assertProblem(await api.send('POST', '/runs/w000000000/retry'), 404, 'not-found');
  assertProblem(await api.send('POST', '/runs/w000000000/cancel'), 404, 'not-found');
  const audit = (await api.send('GET', `/audit?run=${run.id}`)).body.items.map((each: { action: string }) => each.action);
  assert.ok(audit.includes('run.cancelled'));
});

test('a release is prepared from a path, and listed', async () => {
  const { status, body } = await api.send('POST', '/releases', { body: { source: '/srv/my site' } });
  assert.equal(status, 202, JSON.stringify(body));
  assert.deepEqual([body.phase, body.source, body.run.type], ['preparing', '/srv/my site', 'prepareRelease']);
  assert.equal((await api.send('GET', `/releases/${body.id}`)).body.id, body.id);
  assert.equal((await api.send('GET', '/releases?phase=preparing')).body.items.length, 1);
  assertProblem(await api.send('GET', '/releases/r000000000'), 404, 'not-found');
  for (const source of ['relative/path', '', '/a\nb', 7]) assertProblem(await api.send('POST', '/releases', { body: { source } }), 422, 'invalid');
  const [server] = (await api.send('GET', '/database-servers')).body.items;
  assert.deepEqual([server.id, server.host, server.port], ['local', '127.0.0.1', 5432]);
});

test('tokens: shown once, of a role, ended at once; the last owner stays', async () => {
  const made = await api.send('POST', '/tokens', { body: { name: 'ci', role: 'editor' } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.match(made.body.token, /^reeve_[\w-]{43}$/);
  const { token, id } = made.body;
  const me = (await api.send('GET', '/me', { token })).body;
  assert.deepEqual([me.name, me.role], ['ci', 'editor']);
  assert.ok(me.actions.includes('site:create') && !me.actions.includes('site:delete'));
  const refused = await api.send('DELETE', '/sites/alpha', { token, headers: { 'if-match': '*' } });
  assertProblem(refused, 403, 'forbidden');
  assert.match(refused.body.detail, /site:delete takes the role operator; token ci is editor/);
  assert.ok(!JSON.stringify((await api.send('GET', '/tokens')).body).includes(token));
  assert.equal((await api.send('DELETE', `/tokens/${id}`)).status, 204);
  assertProblem(await api.send('GET', '/me', { token }), 401, 'unauthenticated');
  assertProblem(await api.send('DELETE', `/tokens/${id}`), 404, 'not-found');
  const own = (await api.send('GET', '/me')).body.id;
  assertProblem(await api.send('DELETE', `/tokens/${own}`), 409, 'conflict');
  assertProblem(await api.send('POST', '/tokens', { body: { name: 'old', expiresAt: '2020-01-01T00:00:00Z' } }), 422, 'invalid');
  const { text: expired } = await createToken(api.database.pool, { name: 'old', role: 'owner', expiresAt: '2020-01-01T00:00:00Z', actor: SYSTEM });
  assertProblem(await api.send('GET', '/me', { token: expired }), 401, 'unauthenticated');
  assertProblem(await api.send('POST', '/tokens', { body: { name: 'x', role: 'king' } }), 422, 'invalid');
});

test('the first token is made once, whoever asks first', async () => {
  const database = await testDatabase();
  try {
    const made = await Promise.all([1, 2, 3].map(() => ensureFirstToken(database.pool)));
    assert.equal(made.filter((text) => text !== null).length, 1);
    assert.equal(await ensureFirstToken(database.pool), null);
  } finally {
    await database.drop();
  }
});

test('settings: read with a tag, changed with it, a password in them never shown', async () => {
  const { body: before, headers } = await api.send('GET', '/settings');
  assert.equal(before.baseDomain, 'localhost');
  assertProblem(await api.send('PATCH', '/settings', { body: { publicPort: 9090 } }), 428, 'precondition-missing');
  const tag = headers.get('etag')!;
  const patched = await api.send('PATCH', '/settings', { body: { publicPort: 9090, cacheUrl: 'redis://:hunter2secret@cache.example.org:6379/0' }, headers: { 'if-match': tag } });
  assert.equal(patched.status, 200, JSON.stringify(patched.body));
  assert.equal(patched.body.cacheUrl, 'redis://:***@cache.example.org:6379/0');
  assertProblem(await api.send('PATCH', '/settings', { body: { publicPort: 1 }, headers: { 'if-match': tag } }), 412, 'stale');
  assert.equal((await api.send('PATCH', '/settings', { body: { cacheUrl: patched.body.cacheUrl }, headers: { 'if-match': '*' } })).status, 200);
  const { rows } = await api.database.pool.query("select settings ->> 'cacheUrl' as url from platform");
  assert.match(rows[0].url, /hunter2secret/);
  assert.ok(!JSON.stringify((await api.send('GET', '/audit?limit=200')).body).includes('hunter2secret'));
  for (const body of [{ baseDomain: 'example.org' }]) assertProblem(await api.send('PATCH', '/settings', { body, headers: { 'if-match': '*' } }), 409, 'conflict');
  for (const body of [{}, { colour: 'red' }, { publicPort: 0 }, { trustedProxies: ['10.0.0.0/99'] }, { trustedProxies: ['0.0.0.0/0; x'] }, { cacheUrl: 'file:///etc/passwd' }, { publicScheme: 'ftp' }]) {
    assertProblem(await api.send('PATCH', '/settings', { body, headers: { 'if-match': '*' } }), 422, 'invalid');
  }
});

test('events are every change in order, from any generation on', async () => {
  const all = (await api.send('GET', '/events?limit=200')).body.items;
  assert.deepEqual(all.map((event: { id: number }) => event.id), all.map((_: unknown, i: number) => i + 1), 'one for each generation');
  const later = (await api.send('GET', `/events?after=${all[3].id}&limit=2`)).body;
  assert.deepEqual(later.items.map((event: { id: number }) => event.id), [all[4].id, all[5].id]);
  assert.equal((await api.send('GET', `/events?limit=1&cursor=${later.next}`)).body.items[0].id, all[6].id);
  const newest = (await api.send('GET', '/events?sort=-id&limit=2')).body;
  const before = (await api.send('GET', `/events?sort=-id&limit=2&cursor=${newest.next}`)).body;
  const ids = (list: { items: { id: number }[] }) => list.items.map(({ id }) => id);
  assert.deepEqual([...ids(newest), ...ids(before)], all.slice(-4).reverse().map(({ id }: { id: number }) => id));
  assertProblem(await api.send('GET', '/events?after=-1'), 400, 'bad-request');
  assert.equal((await api.send('GET', '/audit?limit=3')).body.items.length, 3);
});

test('health, readiness and metrics', async () => {
  assert.deepEqual((await api.send('GET', '/healthz', { token: null })).body, { alive: true });
  assert.deepEqual((await api.send('GET', '/readyz', { token: null })).body, { ready: true, database: 'here', temporal: 'unknown' });
  assertProblem(await api.send('GET', '/metrics', { token: null }), 401, 'unauthenticated');
  await api.send('GET', '/nowhere/at/all');
  const { body } = await api.send('GET', '/metrics');
  assert.match(body, /reeve_api_requests_total\{method="GET",route="\/api\/v1\/runs\/\{run\}",status="2xx"\} \d+/);
  assert.match(body, /route="none"/);
  assert.doesNotMatch(body, /nowhere|w[0-9a-z]{9}/);
});

test('the documentation is served from here, and lets nothing else in', async () => {
  const page = await api.send('GET', '/docs', { token: null });
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-security-policy')!, /default-src 'self'/);
  assert.doesNotMatch(page.body, /https?:\/\//);
  for (const [, path] of page.body.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)) {
    assert.equal((await api.send('GET', path, { token: null })).status, 200, path);
  }
});
