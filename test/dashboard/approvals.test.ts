/** Who asked reads why they cannot approve it, and may withdraw it; a second person may approve. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { complete, liveSite, startApi, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { submit, visit } from './visit.ts';

let api: TestApi;
let ada: TestPerson;
let ben: TestPerson;
before(async () => {
  api = await startApi();
  [ada, ben] = [await person(api, 'Ada', [{ role: 'owner' }]), await person(api, 'Ben', [{ role: 'operator' }])];
});
after(() => api.close());

test('a purge waits for a second person, who is told what it does', async () => {
  const site = await liveSite(api, 'alpha');
  const { body } = await api.send('DELETE', `/sites/${site}`, { headers: { 'if-match': '*' } });
  await complete(api, body.run.id);
  const act = `/sites/${site}/actions/purge`;
  const asked = await submit(api, act, ada, await visit(api, act, ada), { confirm: 'alpha' });
  assert.equal(asked.status, 409);
  const [, href] = /href="(\/approvals\/a\w+)"/.exec(asked.html)!;

  const own = await visit(api, href!, ada);
  assert.match(own.html, /Ada asked for it: a second person must approve it, as Ben could\./);
  assert.ok(!own.html.includes('Approve, and do it') && own.html.includes('Reject'));
  assert.equal((await submit(api, `${href}/approve`, ada, own, {})).status, 403);

  const other = await visit(api, href!, ben);
  assert.match(other.html, /Its database is dropped/);
  assert.ok(other.html.includes('Approve, and do it') && !other.html.includes('second person must'));
  const unread = await submit(api, `${href}/approve`, ben, other, { confirm: 'beta' });
  assert.equal(unread.status, 422);
  assert.match(unread.html, /Must be alpha/);
  assert.equal((await api.send('GET', `/approvals/${href!.split('/').at(-1)}`)).body.state, 'pending', 'nothing was done');
  const approved = await submit(api, `${href}/approve`, ben, other, { confirm: 'alpha' });
  assert.match(approved.location!, /^\/runs\/w/);
});
