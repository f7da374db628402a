import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { commitChange } from '../../src/database/change.ts';
import { decryptEnvValue, loginKey } from '../../src/domain/secrets.ts';
import { assertProblem, liveSite, startApi, SYSTEM, type TestApi } from './harness.ts';
import { person } from './people.ts';

let api: TestApi;
let alpha: string;
before(async () => {
  api = await startApi();
  alpha = await liveSite(api, 'alpha');
});
after(() => api.close());

const names = async () => (await api.send('GET', '/sites/alpha/env')).body.items.map((each: { name: string }) => each.name);

test('variables go in encrypted, and never come out again', async () => {
  const secret = 'correct horse battery staple';
  const set = await api.send('PUT', '/sites/alpha/env', { body: { EMAIL_PASSWORD: secret, EMAIL_HOST: 'mail.example.org' } });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  assert.deepEqual(await names(), ['EMAIL_HOST', 'EMAIL_PASSWORD']);
  const { rows } = await api.database.pool.query('select env from site where id = $1', [alpha]);
  assert.equal(decryptEnvValue(api.sitesKey, alpha, 'EMAIL_PASSWORD', rows[0].env.EMAIL_PASSWORD), secret);
  const everything = await api.database.pool.query(
    `select (select jsonb_agg(to_jsonb(a)) from audit a)::text || (select jsonb_agg(to_jsonb(e)) from event e)::text ||
       (select jsonb_agg(to_jsonb(r)) from run r)::text || (select jsonb_agg(to_jsonb(s)) from site s)::text as text`);
  assert.ok(!everything.rows[0].text.includes(secret));
  assert.ok(!JSON.stringify((await api.send('GET', '/sites/alpha')).body).includes('EMAIL_PASSWORD'));

  assert.deepEqual((await api.send('PUT', '/sites/alpha/env', { body: { EMAIL_HOST: 'other.example.org' } })).body.items.length, 2);
  assert.equal((await api.send('DELETE', '/sites/alpha/env?names=EMAIL_HOST,EMAIL_PASSWORD')).status, 200);
  assert.deepEqual(await names(), []);
  assertProblem(await api.send('DELETE', '/sites/alpha/env?names=EMAIL_HOST'), 404, 'not-found');
  assertProblem(await api.send('DELETE', '/sites/alpha/env'), 400, 'bad-request');
});

test('a site is created with variables, which are in its row alone', async () => {
  const secret = 'another horse, another battery';
  const made = await api.send('POST', '/sites', { body: { name: 'licensed', env: { LICENCE: secret } } });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  assert.ok(!JSON.stringify(made.body).includes('LICENCE'));
  const { rows: [row] } = await api.database.pool.query('select env from site where id = $1', [made.body.id]);
  assert.equal(decryptEnvValue(api.sitesKey, made.body.id, 'LICENCE', row.env.LICENCE), secret);
  const { rows: [all] } = await api.database.pool.query(
    `select (select jsonb_agg(to_jsonb(a)) from audit a)::text || (select jsonb_agg(to_jsonb(e)) from event e)::text || (select jsonb_agg(to_jsonb(r)) from run r)::text
       || coalesce((select jsonb_agg(to_jsonb(i)) from idempotency i)::text, '') as text`);
  assert.ok(!all.text.includes('LICENCE') && !all.text.includes(secret) && !all.text.includes(row.env.LICENCE));

  await api.send('POST', '/roles', { body: { name: 'founder', actions: ['site:create', 'site:read'] } });
  const founder = await person(api, 'Founder', [{ role: 'founder' }]);
  assertProblem(await founder.send('POST', '/sites', { body: { name: 'other', env: { LICENCE: 'x' } } }), 403, 'forbidden');
  assert.equal((await founder.send('POST', '/sites', { body: { name: 'founded' } })).status, 202);

  const refused = await api.send('POST', '/sites', { body: { name: 'other', env: { LD_PRELOAD: 'x' } } });
  assertProblem(refused, 422, 'invalid');
  assert.deepEqual(refused.body.errors.map(({ path }: { path: string }) => path), ['env.LD_PRELOAD']);
  assertProblem(await api.send('POST', '/sites', { body: { name: 'other', env: { A: 7 } } }), 422, 'invalid');
  assertProblem(await api.send('GET', '/sites/other'), 404, 'not-found');
});

test('people who set different variables at once all do', async () => {
  const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => api.send('PUT', '/sites/alpha/env', { body: { [`AT_ONCE_${i}`]: 'x' } })));
  assert.deepEqual(answers.map(({ status }) => status), Array(6).fill(200));
  assert.equal((await names()).length, 6);
});

test('what would change what code runs, or is too much, is refused', async () => {
  for (const body of [{ LD_PRELOAD: 'x' }, { PYTHONPATH: 'x' }, { REEVE_SITE_ID: 'x' }, { 'a b': 'x' }, { '': 'x' }, { '1A': 'x' }, { A: 7 }, {}, { A: 'x\u0000' }, { A: 'x'.repeat(40_000) }]) {
    assertProblem(await api.send('PUT', '/sites/alpha/env', { body }), 422, 'invalid');
  }
  assertProblem(await api.send('PUT', '/sites/alpha/env', { raw: '{"__proto__": "x"}' }), 422, 'invalid');
  for (let i = 0; i < 7; i++) await api.send('PUT', '/sites/alpha/env', { body: { [`BIG_${i}`]: 'x'.repeat(32_000) } });
  const whole = await api.send('PUT', '/sites/alpha/env', { body: { BIG_7: 'x'.repeat(32_000), BIG_8: 'x'.repeat(32_000) } });
  assertProblem(whole, 422, 'invalid');
  assert.match(whole.body.detail, /all variables together/);
});

test('a sign-in link is for this site, for 15 minutes, and only its making is on record', async () => {
  const { status, body, headers } = await api.send('POST', '/sites/alpha/login', { body: {}, headers: { 'idempotency-key': 'link-1' } });
  assert.equal(status, 201, JSON.stringify(body));
  assert.equal(headers.get('cache-control'), 'no-store');
  const url = new URL(body.url);
  assert.equal(`${url.origin}${url.pathname}`, 'http://alpha.localhost:8080/.reeve/login');
  const [payload, signature] = url.searchParams.get('token')!.split('.') as [string, string];
  const key = Buffer.from(loginKey(api.sitesKey, alpha, 1), 'hex');
  assert.equal(signature, createHmac('sha256', key).update(payload).digest('base64url'));
  const told = JSON.parse(Buffer.from(payload, 'base64url').toString());
  assert.deepEqual(Object.keys(told), ['exp', 'iat', 'nonce', 'site']);
  assert.equal(told.site, alpha);
  assert.ok(Math.abs(told.exp - told.iat - 900) < 0.001 && Math.abs(told.iat - Date.now() / 1000) < 30);
  const { rows } = await api.database.pool.query("select count(*)::int as n from audit where action = 'site.login-link' and subject = $1", [`site:${alpha}`]);
  assert.equal(rows[0].n, 1);
  const kept = await api.database.pool.query(`select coalesce(jsonb_agg(to_jsonb(i)), '[]')::text || (select jsonb_agg(to_jsonb(a)) from audit a)::text as text from idempotency i`);
  assert.ok(!kept.rows[0].text.includes(payload), 'the link is kept nowhere');
  assertProblem(await api.send('POST', '/sites/alpha/login', { body: {}, headers: { 'idempotency-key': 'link-1' } }), 409, 'conflict');
  assert.notEqual((await api.send('POST', '/sites/alpha/login')).body.url, body.url);
});

test('where a hostname leads to https, its address and a sign-in link there are of https', async (t) => {
  const set = async (https: 'allow' | 'redirect') => {
    const { status, body } = await api.send('PATCH', '/hostnames/alpha.localhost', { body: { https }, headers: { 'if-match': '*' } });
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  t.after(() => set('allow'));
  assert.equal((await set('redirect')).url, 'https://alpha.localhost/');
  assert.equal((await api.send('GET', '/hostnames/alpha.localhost')).body.url, 'https://alpha.localhost/');
  const { status, body } = await api.send('POST', '/sites/alpha/login', { body: {} });
  assert.equal(status, 201, JSON.stringify(body));
  assert.match(body.url, /^https:\/\/alpha\.localhost\/\.reeve\/login\?token=/);
});

test('no link for a site that is not served, or whose codebase does not answer links', async () => {
  const { body } = await api.send('POST', '/sites', { body: { name: 'early' } });
  assertProblem(await api.send('POST', `/sites/${body.id}/login`), 409, 'conflict');
  const { body: { release } } = await api.send('GET', '/sites/alpha');
  const manifest = { id: release, environment: { DATABASE_URL: '{{database.url}}' }, health: { path: '/', statuses: [200] } };
  await commitChange(api.database.pool, { actor: SYSTEM, type: 'test', metadata: {}, writes: [{ table: 'release', op: 'update', key: { id: release }, values: { manifest } }] });
  const answer = await api.send('POST', '/sites/alpha/login');
  assertProblem(answer, 409, 'conflict');
  assert.match(answer.body.detail, /reeve_django/);
});
