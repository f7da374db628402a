import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commitChange } from '../../src/database/change.ts';
import { newId } from '../../src/database/new-id.ts';
import { finishRun } from '../../src/database/run.ts';
import { assertProblem, complete, liveSite, startApi, SYSTEM, type TestApi } from './harness.ts';
import { person } from './people.ts';

let api: TestApi;
before(async () => { api = await startApi(); });
after(() => api.close());

const phase = (id: string, to: string) => [{ table: 'site' as const, op: 'update' as const, key: { id }, values: { phase: to } }];
const any = { headers: { 'if-match': '*' } };

test('a site is suspended and resumed; each is refused where it makes no sense', async () => {
  const id = await liveSite(api, 'alpha');
  assertProblem(await api.send('POST', `/sites/${id}/resume`), 409, 'conflict');
  const suspended = await api.send('POST', '/sites/alpha/suspend', { body: {} });
  assert.equal(suspended.status, 202, JSON.stringify(suspended.body));
  assert.equal(suspended.body.status, 'suspending');
  assert.equal(suspended.body.run.type, 'suspendSite');
  await complete(api, suspended.body.run.id, phase(id, 'suspended'));
  assert.equal((await api.send('GET', `/sites/${id}`)).body.status, 'suspended');
  const again = await api.send('POST', `/sites/${id}/suspend`);
  assertProblem(again, 409, 'conflict');
  assert.match(again.body.detail, /is suspended; this takes one that is live/);
  const resumed = await api.send('POST', `/sites/${id}/resume`);
  assert.equal(resumed.body.status, 'resuming');
  await complete(api, resumed.body.run.id, phase(id, 'live'));
  assert.equal((await api.send('GET', `/sites/${id}`)).body.status, 'active');
});

test('a busy site names the run that holds it', async () => {
  const id = await liveSite(api, 'busy');
  const { body: { run } } = await api.send('POST', `/sites/${id}/suspend`);
  for (const refused of [
    await api.send('DELETE', `/sites/${id}`, any),
    await api.send('POST', `/sites/${id}/suspend`),
    await api.send('POST', `/sites/${id}/hostnames`, { body: { hostname: 'www.busy-example.org' } }),
  ]) {
    assertProblem(refused, 409, 'busy');
    assert.equal(refused.body.run, run.id);
    assert.equal(refused.body.href, `/api/v1/runs/${run.id}`);
  }
  assertProblem(await api.send('GET', '/hostnames/www.busy-example.org'), 404, 'not-found');
  await finishRun(api.database.pool, run.id, 'failed', { error: { type: 'step-failed', message: 'nginx would not' } });
  assert.equal((await api.send('POST', `/sites/${id}/suspend`)).status, 202, 'a run that has ended holds nothing');
});

test('a deleted site is served no more at once, can be restored, and purged only when deleted', async () => {
  const id = await liveSite(api, 'passing');
  assertProblem(await api.send('POST', `/sites/${id}/purge`), 409, 'conflict');
  assertProblem(await api.send('DELETE', `/sites/${id}`), 428, 'precondition-missing');
  assertProblem(await api.send('DELETE', `/sites/${id}`, { headers: { 'if-match': '"1"' } }), 412, 'stale');
  const { body: { rev } } = await api.send('GET', `/sites/${id}`);
  const deleted = await api.send('DELETE', `/sites/${id}`, { headers: { 'if-match': `"${rev}"` } });
  assert.equal(deleted.status, 202, JSON.stringify(deleted.body));
  assert.equal(deleted.body.status, 'deleting');
  assert.ok(Date.parse(deleted.body.purgeAt) > Date.now() + 6 * 86_400_000);
  await complete(api, deleted.body.run.id);
  const { body } = await api.send('GET', `/sites/${id}`);
  assert.equal(body.status, 'deleted');
  assert.equal(body.hostnames.length, 1, 'its hostnames stay reserved for it');
  assertProblem(await api.send('POST', '/sites', { body: { name: 'passing' } }), 409, 'exists');
  assertProblem(await api.send('POST', `/sites/${id}/hostnames`, { body: { hostname: 'www.passing-example.org' } }), 409, 'conflict');
  const restored = await api.send('POST', `/sites/${id}/restore`);
  assert.equal(restored.body.status, 'restoring');
  await finishRun(api.database.pool, restored.body.run.id, 'failed', {});
  const purged = await api.send('POST', `/sites/${id}/purge`);
  assert.equal(purged.status, 202);
  assert.equal(purged.body.status, 'purging');
});

test('a site is upgraded to another release that is ready, and to no other', async () => {
  const id = await liveSite(api, 'upgraded');
  const { body: { release } } = await api.send('GET', `/sites/${id}`);
  const [ready, preparing] = [newId('r'), newId('r')];
  const values = { codebase: 'example', source: '/srv/example', database_server: 'local' };
  await commitChange(api.database.pool, { actor: SYSTEM, type: 'test', metadata: {}, writes: [
    { table: 'release', op: 'insert', values: { ...values, id: ready, phase: 'ready' } },
    { table: 'release', op: 'insert', values: { ...values, id: preparing, phase: 'preparing' } },
  ] });
  assertProblem(await api.send('POST', `/sites/${id}/upgrade`, { body: { release } }), 409, 'conflict');
  assertProblem(await api.send('POST', `/sites/${id}/upgrade`, { body: { release: preparing } }), 409, 'conflict');
  assertProblem(await api.send('POST', `/sites/${id}/upgrade`, { body: { release: newId('r') } }), 404, 'not-found');
  assertProblem(await api.send('POST', `/sites/${id}/upgrade`, { body: {} }), 422, 'invalid');
  const upgraded = await api.send('POST', `/sites/${id}/upgrade`, { body: { release: ready } });
  assert.equal(upgraded.status, 202, JSON.stringify(upgraded.body));
  assert.equal(upgraded.body.status, 'upgrading');
});

test('a site’s secrets are rotated while it is served or suspended, and by a run of their own', async () => {
  const id = await liveSite(api, 'rotated');
  const rotated = await api.send('POST', '/sites/rotated/rotate-secrets');
  assert.equal(rotated.status, 202, JSON.stringify(rotated.body));
  assert.deepEqual([rotated.body.status, rotated.body.run.type, rotated.body.secretVersion], ['rotating', 'rotateSecrets', 1]);
  assertProblem(await api.send('POST', `/sites/${id}/rotate-secrets`), 409, 'busy');
  const { items } = (await api.send('GET', '/events?limit=100')).body;
  assert.ok(items.some(({ type, metadata }: { type: string; metadata: { site?: string } }) => type === 'site.rotating' && metadata.site === id));
  await complete(api, rotated.body.run.id, phase(id, 'suspended'));
  const again = await api.send('POST', `/sites/${id}/rotate-secrets`);
  assert.equal(again.status, 202);
  await finishRun(api.database.pool, again.body.run.id, 'failed', {});
  assert.equal((await api.send('POST', `/runs/${again.body.run.id}/retry`)).status, 202);
  const deleted = await liveSite(api, 'notrotated');
  await complete(api, (await api.send('DELETE', `/sites/${deleted}`, any)).body.run.id);
  assertProblem(await api.send('POST', `/sites/${deleted}/rotate-secrets`), 409, 'conflict');
});

test('fault 9: the shrink guard asks a person, whose approval does it and is used up', async () => {
  const other = await startApi();
  try {
    const ids: string[] = [];
    for (let i = 0; i < 14; i++) ids.push(await liveSite(other, `many${i}`));
    const answers = [];
    for (const id of ids.slice(0, 10)) answers.push(await other.send('DELETE', `/sites/${id}`, any));
    assert.ok(answers.every(({ status }) => status === 202));
    const refused = await other.send('DELETE', `/sites/${ids[10]}`, any);
    assertProblem(refused, 409, 'approval-needed');
    assert.equal(refused.body.href, `/api/v1/approvals/${refused.body.approval}`);
    assert.equal((await other.send('GET', `/sites/${ids[10]}`)).body.status, 'active', 'nothing was done');
    assert.equal((await other.send('DELETE', `/sites/${ids[10]}`, any)).body.approval, refused.body.approval, 'asked once');

    const waiting = (await other.send('GET', '/approvals?state=pending')).body.items;
    assert.deepEqual(waiting.map((each: { id: string }) => each.id), [refused.body.approval]);
    const approved = await other.send('POST', `/approvals/${refused.body.approval}/approve`, { headers: { 'idempotency-key': 'yes' } });
    assert.equal(approved.status, 202, JSON.stringify(approved.body));
    assert.equal(approved.body.state, 'used');
    assert.equal(approved.body.run.type, 'deleteSite');
    assert.equal((await other.send('GET', `/sites/${ids[10]}`)).body.status, 'deleting');
    assertProblem(await other.send('POST', `/approvals/${refused.body.approval}/approve`), 409, 'conflict');

    const next = await other.send('DELETE', `/sites/${ids[11]}`, any);
    assertProblem(next, 409, 'approval-needed');
    const rejected = await other.send('POST', `/approvals/${next.body.approval}/reject`);
    assert.equal(rejected.body.state, 'rejected');
    assertProblem(await other.send('POST', `/approvals/${next.body.approval}/approve`), 409, 'conflict');
    assertProblem(await other.send('GET', '/approvals/a000000000'), 404, 'not-found');

    const [ada, ben] = [await person(other, 'Ada', [{ role: 'owner' }]), await person(other, 'Ben', [{ role: 'operator' }])];
    const { body: { approval } } = await ada.send('DELETE', `/sites/${ids[12]}`, any);
    assertProblem(await ada.send('POST', `/approvals/${approval}/approve`), 403, 'forbidden');
    assert.equal((await ben.send('POST', `/approvals/${approval}/approve`)).body.run.type, 'deleteSite', 'a second person');
  } finally {
    await other.close();
  }
});

test('an approval whose subject is busy stays pending', async () => {
  const other = await startApi();
  try {
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) ids.push(await liveSite(other, `many${i}`));
    for (const id of ids.slice(0, 10)) await other.send('DELETE', `/sites/${id}`, any);
    const { body: { approval } } = await other.send('DELETE', `/sites/${ids[10]}`, any);
    await other.send('POST', `/sites/${ids[10]}/suspend`);
    assertProblem(await other.send('POST', `/approvals/${approval}/approve`), 409, 'busy');
    assert.equal((await other.send('GET', `/approvals/${approval}`)).body.state, 'pending');
  } finally {
    await other.close();
  }
});
