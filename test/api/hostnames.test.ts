import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commitChange } from '../../src/database/change.ts';
import { finishRun } from '../../src/database/run.ts';
import { assertProblem, complete, liveSite, SETTINGS, startApi, SYSTEM, type TestApi } from './harness.ts';

let api: TestApi;
let alpha: string;
let beta: string;
before(async () => {
  api = await startApi();
  alpha = await liveSite(api, 'alpha');
  beta = await liveSite(api, 'beta');
});
after(() => api.close());

const any = { headers: { 'if-match': '*' } };
const bound = (hostname: string, role = 'alias') =>
  [{ table: 'hostname' as const, op: 'update' as const, key: { hostname }, values: { phase: 'bound', role } }];

async function bind(site: string, hostname: string, role = 'alias'): Promise<void> {
  const { status, body } = await api.send('POST', `/sites/${site}/hostnames`, { body: { hostname, role } });
  assert.equal(status, 202, JSON.stringify(body));
  await complete(api, body.run.id, bound(hostname, role));
}

test('a hostname is reserved with the request, in its one form, and bound by the run', async () => {
  const { status, body, headers } = await api.send('POST', '/sites/alpha/hostnames', { body: { hostname: 'BÜCHER.Example.org.' } });
  assert.equal(status, 202, JSON.stringify(body));
  assert.equal(body.hostname, 'xn--bcher-kva.example.org');
  assert.equal(body.status, 'binding');
  assert.equal(body.site, alpha);
  assert.equal(headers.get('location'), `/api/v1/runs/${body.run.id}`);
  const run = (await api.send('GET', `/runs/${body.run.id}`)).body;
  assert.deepEqual(run.input, { site: alpha, hostname: 'xn--bcher-kva.example.org', role: 'alias' });
  assert.equal(run.subject, 'hostname:xn--bcher-kva.example.org');
  await complete(api, body.run.id, bound(body.hostname));
  assert.equal((await api.send('GET', `/hostnames/${encodeURIComponent('bücher.example.org')}`)).body.status, 'bound');
  assert.deepEqual((await api.send('GET', `/hostnames?site=alpha`)).body.items.map((each: { hostname: string }) => each.hostname),
    ['alpha.localhost', 'xn--bcher-kva.example.org']);
});

test('a taken hostname, the platform’s own, and what is none are refused', async () => {
  for (const hostname of ['beta.localhost', 'alpha.localhost']) {
    const answer = await api.send('POST', `/sites/${alpha}/hostnames`, { body: { hostname } });
    assertProblem(answer, 409, 'exists');
  }
  for (const hostname of ['localhost', 'admin.localhost', 'a.b.localhost', 'generation.reeve.internal', 'com', 'github.io', '127.0.0.1', '[::1]',
    '', 'single', 'x y.example.org', 'http://example.org', 'example.org:80', 'example.org/x', '-a.example.org', 'a_b.example.org',
    'a;b.example.org', '$host.example.org', 'a\nb.example.org', `${'a'.repeat(64)}.example.org`, `${'abcdefg.'.repeat(40)}example.org`, '0x7f.1']) {
    const answer = await api.send('POST', `/sites/${alpha}/hostnames`, { body: { hostname } });
    assertProblem(answer, 422, 'invalid');
    assert.equal(answer.body.errors[0].path, 'hostname', hostname);
  }
});

test('of two sites that ask for one hostname at once, one gets it', async () => {
  const answers = await Promise.all([alpha, beta, alpha, beta].map((site) =>
    api.send('POST', `/sites/${site}/hostnames`, { body: { hostname: 'wanted.example.org' } })));
  assert.equal(answers.filter(({ status }) => status === 202).length, 1);
  for (const answer of answers.filter(({ status }) => status !== 202)) assert.equal(answer.status, 409);
});

test('one that was held but not served is tried again', async () => {
  const first = await api.send('POST', `/sites/${alpha}/hostnames`, { body: { hostname: 'later.example.org' } });
  assertProblem(await api.send('POST', `/sites/${alpha}/hostnames`, { body: { hostname: 'later.example.org' } }), 409, 'busy');
  await finishRun(api.database.pool, first.body.run.id, 'failed', { error: { type: 'conflict', message: 'not proved' } });
  const second = await api.send('POST', `/sites/${alpha}/hostnames`, { body: { hostname: 'later.example.org', role: 'redirect' } });
  assert.equal(second.status, 202, JSON.stringify(second.body));
  assert.equal(second.body.role, 'redirect');
});

test('unbinding asks for the rev, and a site keeps its own and its primary hostname', async () => {
  await bind(alpha, 'gone.example.org');
  assertProblem(await api.send('DELETE', '/hostnames/gone.example.org'), 428, 'precondition-missing');
  assertProblem(await api.send('DELETE', '/hostnames/gone.example.org', { headers: { 'if-match': '"1"' } }), 412, 'stale');
  const { headers } = await api.send('GET', '/hostnames/gone.example.org');
  const unbound = await api.send('DELETE', '/hostnames/gone.example.org', { headers: { 'if-match': headers.get('etag')! } });
  assert.equal(unbound.status, 202, JSON.stringify(unbound.body));
  assert.equal(unbound.body.status, 'unbinding');
  await complete(api, unbound.body.run.id, [{ table: 'hostname', op: 'delete', key: { hostname: 'gone.example.org' } }]);
  assertProblem(await api.send('GET', '/hostnames/gone.example.org'), 404, 'not-found');
  await bind(beta, 'gone.example.org');

  const own = await api.send('DELETE', '/hostnames/alpha.localhost', any);
  assertProblem(own, 409, 'conflict');
  assert.match(own.body.detail, /came with site alpha/);
  assertProblem(await api.send('DELETE', '/hostnames/nobody.example.org', any), 404, 'not-found');
});

test('a new primary is a run; the old one cannot be unmade by itself', async () => {
  await bind(beta, 'www.beta.example.org');
  const promoted = await api.send('PATCH', '/hostnames/www.beta.example.org', { body: { role: 'primary' }, ...any });
  assert.equal(promoted.status, 202, JSON.stringify(promoted.body));
  assert.equal(promoted.body.run.type, 'bindHostname');
  await complete(api, promoted.body.run.id, [...bound('beta.localhost', 'alias'), ...bound('www.beta.example.org', 'primary')]);
  const site = (await api.send('GET', '/sites/beta')).body;
  assert.equal(site.hostnames[0].hostname, 'www.beta.example.org');
  assertProblem(await api.send('PATCH', '/hostnames/www.beta.example.org', { body: { role: 'alias' }, ...any }), 409, 'conflict');
  assertProblem(await api.send('DELETE', '/hostnames/www.beta.example.org', any), 409, 'conflict');
  const { body } = await api.send('PATCH', '/hostnames/beta.localhost', { body: { role: 'redirect', https: 'redirect' }, ...any });
  assert.deepEqual([body.role, body.https], ['redirect', 'redirect']);
});

test('where ownership must be proved, the record to make is shown until it is', async () => {
  await commitChange(api.database.pool, { actor: SYSTEM, type: 'test', metadata: {}, writes: [
    { table: 'platform', op: 'update', key: { one: true }, values: { settings: { ...SETTINGS, ownership: 'dns-txt' } } },
  ] });
  const { body } = await api.send('POST', `/sites/${alpha}/hostnames`, { body: { hostname: 'proved.example.org' } });
  assert.equal(body.proof.name, '_reeve.proved.example.org');
  assert.match(body.proof.value, /^reeve-proof=[0-9a-f]{32}$/);
  assert.equal((await api.send('GET', '/hostnames/alpha.localhost')).body.proof, null);
  assert.equal((await api.send('POST', `/sites/${alpha}/hostnames`, { body: { hostname: 'shop.localhost' } })).body.proof, null);
});
