/** The second person: who asked may not approve, unless there is nobody else; what expired or changed meanwhile is not decided. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { finishRun } from '../../src/database/run.ts';
import { assertProblem, complete, liveSite, startApi, type TestApi } from './harness.ts';
import { person, type TestPerson } from './people.ts';

let api: TestApi;
let ada: TestPerson;
before(async () => {
  api = await startApi();
  ada = await person(api, 'Ada', [{ role: 'owner' }]);
});
after(() => api.close());

async function deletedSite(name: string): Promise<string> {
  const id = await liveSite(api, name);
  const { body } = await api.send('DELETE', `/sites/${id}`, { headers: { 'if-match': '*' } });
  await complete(api, body.run.id);
  return id;
}
const approve = (who: Pick<TestPerson, 'send'>, id: string) => who.send('POST', `/approvals/${id}/approve`);
/** Ask for a purge, which waits. @returns the approval's id */
async function ask(who: Pick<TestPerson, 'send'>, site: string): Promise<string> {
  const waits = await who.send('POST', `/sites/${site}/purge`);
  assertProblem(waits, 409, 'approval-needed');
  assert.equal(waits.body.href, `/api/v1/approvals/${waits.body.approval}`);
  return waits.body.approval;
}
const withTheToken = (token: string): Pick<TestPerson, 'send'> => ({ send: (method, path, sending) => api.send(method, path, { ...sending, token }) });
const own = (value: string) => api.send('PATCH', '/settings', { headers: { 'if-match': '*' }, body: { approvals: { own: value } } });

test('while there is one person alone, a purge waits for nobody; unless the settings say so', async () => {
  assert.equal((await api.send('GET', '/settings')).body.approvals.own, 'while-alone');
  const site = await deletedSite('alone');
  assert.equal((await own('never')).status, 200);
  const approval = await ask(ada, site);
  const refused = await approve(ada, approval);
  assertProblem(refused, 403, 'forbidden');
  assert.match(refused.body.detail, /Ada asked for it: a second person must approve it, which nobody here could/);
  await own('while-alone');
  const done = await ada.send('POST', `/sites/${site}/purge`);
  assert.deepEqual([done.status, done.body.run.type], [202, 'purgeSite']);
  await complete(api, done.body.run.id, [{ table: 'hostname', op: 'delete', key: { hostname: 'alone.localhost' } }, { table: 'site', op: 'delete', key: { id: site } }]);
  assert.deepEqual((await api.send('GET', '/approvals?state=stale')).body.items.map(({ id }: { id: string }) => id), [approval]);
});

test('with two people, the one who asked may withdraw, and the other approves; with a token it is the same person', async () => {
  const ben = await person(api, 'Ben', [{ role: 'operator' }]);
  // Who may not decide, is invited or disabled is no second person; here it is only about words.
  await person(api, 'Cy', [{ role: 'viewer' }]);
  await person(api, 'Dee', [{ role: 'owner' }], 'disabled');
  const site = await deletedSite('two');
  const approval = await ask(ada, site);
  assert.equal(await ask(ada, site), approval, 'asked once');
  assert.deepEqual((await ben.send('GET', '/approvals?state=pending')).body.items.map(({ id }: { id: string }) => id), [approval]);
  assert.equal((await api.send('GET', '/platform')).body.approvals, 1);
  assert.equal((await api.send('GET', `/sites/${site}`)).body.status, 'deleted', 'nothing was done');

  const { body: { token } } = await ada.send('POST', '/me/tokens', { body: { name: 'laptop' } });
  const withToken = withTheToken(token);
  assert.equal((await withToken.send('GET', '/me')).body.user.name, 'Ada');
  const nobodys = { send: (method: string, path: string) => api.send(method, path) };
  for (const who of [ada, withToken, nobodys]) {
    const refused = await approve(who, approval);
    assertProblem(refused, 403, 'forbidden');
    assert.match(refused.body.detail, /Ada must approve it, as Ben could|second person must approve it, as Ben could/);
    assert.equal((await who.send('GET', `/approvals/${approval}`)).body.mayApprove.allowed, false);
  }
  const seen = (await ben.send('GET', `/approvals/${approval}`)).body;
  assert.deepEqual([seen.state, seen.mayApprove.allowed], ['pending', true], 'a refusal decides nothing');

  assert.equal((await ada.send('POST', `/approvals/${approval}/reject`)).body.state, 'rejected');
  const again = await ask(ada, site);
  const approved = await approve(ben, again);
  assert.deepEqual([approved.status, approved.body.state, approved.body.run.type], [202, 'used', 'purgeSite']);
  const { items } = (await api.send('GET', `/audit?subject=site:${site}`)).body;
  const purge = items.find(({ action }: { action: string }) => action === 'site.purging');
  assert.deepEqual([purge.actor.name, purge.reason], ['Ben', 'Ada asked for it']);
  await complete(api, approved.body.run.id);
});

test('a platform’s token that a person made is that person; of one that Reeve made nobody knows whose it is', async () => {
  const ben = await person(api, 'Max', [{ role: 'owner' }]);
  const made = (await ada.send('POST', '/tokens', { body: { name: 'deploy', role: 'owner' } })).body.token as string;
  // Also over another one that it made in its turn.
  const further = (await api.send('POST', '/tokens', { token: made, body: { name: 'deploy two', role: 'owner' } })).body.token as string;
  const theirs = await deletedSite('theirs');
  for (const token of [made, further]) {
    const approval = await ask(withTheToken(token), theirs);
    const refused = await approve(ada, approval);
    assertProblem(refused, 403, 'forbidden');
    assert.match(refused.body.detail, /the token deploy( two)?, which Ada made, asked for it: a second person must approve it/);
    assert.equal((await ben.send('GET', `/approvals/${approval}`)).body.mayApprove.allowed, true);
    assert.equal((await ben.send('POST', `/approvals/${approval}/reject`)).status, 200);
  }
  // The first token of an installation is on its machine: whoever reads it there could be the very person who approves.
  const nobodys = await api.send('POST', `/sites/${theirs}/purge`);
  assertProblem(nobodys, 403, 'forbidden');
  assert.match(nobodys.body.detail, /nobody knows who holds the token test, .* ask again as a person, or with a token that one made/);
  assert.deepEqual((await api.send('GET', '/approvals?state=pending')).body.items.filter((each: { subject: string }) => each.subject === `site:${theirs}`), [], 'nothing waits that nobody could decide');
  // Whoever made it has left: it is in other hands now.
  assert.equal((await ben.send('DELETE', `/users/${ada.id}`)).status, 204);
  assertProblem(await withTheToken(made).send('POST', `/sites/${theirs}/purge`), 403, 'forbidden');
  ada = await person(api, 'Ada', [{ role: 'owner' }]);
});

test('asking is in the audit, and of two who ask at once both hear of one approval', async () => {
  const site = await deletedSite('twice');
  const answers = await Promise.all(Array.from({ length: 8 }, () => ada.send('POST', `/sites/${site}/purge`)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [409]);
  const ids = new Set(answers.map(({ body }) => body.approval as string));
  assert.equal(ids.size, 1);
  const [id] = ids;
  const asked = (await api.send('GET', `/audit?subject=approval:${id}`)).body.items;
  assert.deepEqual(asked.map((each: { action: string; actor: { name: string }; after: object }) => [each.action, each.actor.name, each.after]),
    [['approval.asked', 'Ada', { kind: 'purge', subject: `site:${site}`, type: 'purgeSite' }]]);
  await assert.rejects(api.database.pool.query(`insert into approval (id, kind, subject, request, requested_by) select 'a000000001', kind, subject, request, requested_by from approval where id = $1`, [id]), /approval_one/);
  await ada.send('POST', `/approvals/${id}/reject`);
});

test('what expired, or is about another deletion by now, is refused, and not listed as waiting', async () => {
  const ben = { send: (await person(api, 'Eve', [{ role: 'operator' }])).send };
  const site = await deletedSite('stale');
  const expired = await ask(ada, site);
  await api.database.pool.query(`update approval set expires_at = now() - interval '1 second' where id = $1`, [expired]);
  const late = await approve(ben, expired);
  assertProblem(late, 409, 'conflict');
  assert.match(late.body.detail, /has expired: ask again/);

  const approval = await ask(ada, site);
  assert.notEqual(approval, expired);
  const { body: restored } = await ada.send('POST', `/sites/${site}/restore`);
  // It is held by the run; what was asked for is still there.
  assertProblem(await approve(ben, approval), 409, 'busy');
  await complete(api, restored.run.id, [{ table: 'site', op: 'update', key: { id: site }, values: { phase: 'live', purge_at: null } }]);
  const { body: deleted } = await api.send('DELETE', `/sites/${site}`, { headers: { 'if-match': '*' } });
  await complete(api, deleted.run.id);
  const stale = await approve(ben, approval);
  assertProblem(stale, 409, 'conflict');
  assert.match(stale.body.detail, /is stale: what it is about has changed since it was asked for/);
  assert.equal((await api.send('GET', `/approvals/${approval}`)).body.state, 'stale');
  assert.deepEqual((await api.send('GET', '/approvals?state=pending')).body.items, []);
  assert.notEqual(await ask(ada, site), approval, 'asked anew');
});

test('a purge that failed is not had again by retrying its run: it takes its own permission, and a second person anew', async () => {
  const site = await deletedSite('failed');
  await own('always');
  const { body: { run } } = await ada.send('POST', `/sites/${site}/purge`);
  await own('while-alone');
  assert.equal(await finishRun(api.database.pool, run.id, 'failed', {}), true);
  const gil = await person(api, 'Gil', [{ role: 'operator' }]);
  const refused = await gil.send('POST', `/runs/${run.id}/retry`);
  assertProblem(refused, 403, 'forbidden');
  assert.match(refused.body.detail, /site:purge takes the role owner; Gil is operator there/);
  const waits = await ada.send('POST', `/runs/${run.id}/retry`);
  assertProblem(waits, 409, 'approval-needed');
  // Restored and deleted again it is another deletion, of which nobody has spoken; the same failed run names it still.
  const { body: restored } = await ada.send('POST', `/sites/${site}/restore`);
  await complete(api, restored.run.id, [{ table: 'site', op: 'update', key: { id: site }, values: { phase: 'live', purge_at: null } }]);
  assertProblem(await ada.send('POST', `/runs/${run.id}/retry`), 409, 'conflict');
  const { body: deleted } = await api.send('DELETE', `/sites/${site}`, { headers: { 'if-match': '*' } });
  await complete(api, deleted.run.id);
  const anew = await ada.send('POST', `/runs/${run.id}/retry`);
  assertProblem(anew, 409, 'approval-needed');
  assert.notEqual(anew.body.approval, waits.body.approval);
  assert.equal((await approve(gil, anew.body.approval)).body.run.type, 'purgeSite');
});

test('a run is retried by whoever may do what it does, not by whoever may retry alone', async () => {
  await ada.send('POST', '/roles', { body: { name: 'retrier', actions: ['run:read', 'run:retry', 'site:read', 'site:suspend'] } });
  const hal = await person(api, 'Hal', [{ role: 'retrier' }]);
  const site = await liveSite(api, 'retried');
  for (const [verb, status] of [['rotate-secrets', 403], ['suspend', 202]] as const) {
    const { body: { run } } = await ada.send('POST', `/sites/${site}/${verb}`);
    assert.equal(await finishRun(api.database.pool, run.id, 'failed', {}), true);
    assert.equal((await hal.send('POST', `/runs/${run.id}/retry`)).status, status, verb);
  }
});

test('what cannot be purged is said so to whoever asks, and nobody is asked', async () => {
  const site = await liveSite(api, 'living');
  assertProblem(await ada.send('POST', `/sites/${site}/purge`), 409, 'conflict');
  const busy = await liveSite(api, 'busyone');
  await api.send('DELETE', `/sites/${busy}`, { headers: { 'if-match': '*' } });
  assertProblem(await ada.send('POST', `/sites/${busy}/purge`), 409, 'busy');
  assert.deepEqual((await api.send('GET', '/approvals?state=pending')).body.items.filter(({ subject }: { subject: string }) => subject !== 'site:' && [site, busy].some((id) => subject.endsWith(id))), []);
});
