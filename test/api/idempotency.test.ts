import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { PASSWORD, person } from '../sign-in/people.ts';
import { assertProblem, liveSite, startApi, type TestApi } from './harness.ts';

let api: TestApi;
before(async () => { api = await startApi(); });
after(() => api.close());

const key = (name: string) => ({ headers: { 'idempotency-key': name } });
const runs = async () => (await api.send('GET', '/runs?limit=200')).body.items.length;

test('the same request again is the same answer, and is done once', async () => {
  const first = await api.send('POST', '/sites', { body: { name: 'alpha' }, ...key('k1') });
  const second = await api.send('POST', '/sites', { body: { name: 'alpha' }, ...key('k1') });
  assert.equal(first.status, 202, JSON.stringify(first.body));
  assert.deepEqual([second.status, second.body], [202, first.body]);
  assert.equal(second.headers.get('location'), first.headers.get('location'));
  assert.equal(second.headers.get('idempotent-replayed'), 'true');
  assert.deepEqual(api.started, [first.body.run.id]);
  assertProblem(await api.send('POST', '/sites', { body: { name: 'beta' }, ...key('k1') }), 422, 'invalid');
  assertProblem(await api.send('POST', '/containers', { body: {}, ...key('k1') }), 422, 'invalid');
});

test('of many at once with one key, one does it; the others wait their turn or are told', async () => {
  const before = await runs();
  const answers = await Promise.all(Array.from({ length: 10 }, () => api.send('POST', '/containers', { body: {}, ...key('k2') })));
  const done = answers.filter(({ status }) => status === 202);
  assert.ok(done.length >= 1);
  assert.equal(new Set(done.map(({ body }) => body.id)).size, 1);
  for (const answer of answers.filter(({ status }) => status !== 202)) assertProblem(answer, 409, 'busy');
  assert.equal(await runs(), before + 1);
  assert.equal((await api.send('POST', '/containers', { body: {}, ...key('k2') })).body.id, done[0]!.body.id);
});

test('what was refused is not kept: it may be tried again', async () => {
  const id = await liveSite(api, 'tried');
  assertProblem(await api.send('POST', `/sites/${id}/resume`, key('k3')), 409, 'conflict');
  const { body: { run } } = await api.send('POST', `/sites/${id}/suspend`);
  await api.database.pool.query("select claim_run($1, 't')", [run.id]);
  await api.database.pool.query("select finish_run($1, 'completed', null, null)", [run.id]);
  await api.database.pool.query("update site set phase = 'suspended' where id = $1", [id]);
  assert.equal((await api.send('POST', `/sites/${id}/resume`, key('k3'))).status, 202);
});

test('more keyed sign-ins at once than there are connections are all answered, and the API goes on', async () => {
  const many = (api.database.pool.options.max ?? 10) + 6;
  const stranger = { email: 'nobody@example.org', password: 'never was anybody’s', name: 'x' };
  const answers = await Promise.all(Array.from({ length: many }, (_, i) =>
    api.send('POST', '/sign-in/token', { token: null, body: { ...stranger, email: `nobody${i}@example.org` }, ...key(`s${i}`) })));
  // None waits for a connection until it is unavailable: each is refused for itself, or for how many they are.
  assert.deepEqual([...new Set(answers.map(({ status }) => status))].filter((status) => ![401, 429].includes(status)), []);
  assert.equal((await api.send('GET', '/sites')).status, 200);
});

test('of what proves who somebody is nothing is kept; of other bodies, nothing that can be guessed from the database', async () => {
  const { rows: before } = await api.database.pool.query('select key from idempotency');
  await api.database.pool.query('truncate sign_in_attempt');
  const ada = await person(api, 'Ada', { role: 'owner' });
  const sign = () => api.send('POST', '/sign-in/token', { token: null, body: { email: ada.email, password: PASSWORD, name: 'cli' }, ...key('p1') });
  const [one, two] = [await sign(), await sign()];
  assert.deepEqual([one.status, two.status], [201, 201], 'done again each time it comes');
  assert.equal((await api.database.pool.query('select key from idempotency')).rows.length, before.length);

  const body = { name: 'hooked', kind: 'webhook', config: { url: 'https://hooks.example.org/', secret: 'of sixteen at least' } };
  const made = await api.send('POST', '/alerts/channels', { body, ...key('p2') });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { rows: [kept] } = await api.database.pool.query(`select request_hash from idempotency where key = 'p2'`);
  const guess = createHash('sha256').update(JSON.stringify(['POST', '/alerts/channels', body])).digest('hex');
  assert.notEqual(kept.request_hash, guess);
});

test('a key is its actor’s own, and has the characters of a key', async () => {
  const token = await api.tokenOf('operator');
  const mine = await api.send('POST', '/containers', { body: {}, ...key('k4') });
  const theirs = await api.send('POST', '/containers', { body: {}, token, ...key('k4') });
  assert.notEqual(mine.body.id, theirs.body.id);
  assertProblem(await api.send('POST', '/containers', { body: {}, ...key('x'.repeat(201)) }), 400, 'bad-request');
});
