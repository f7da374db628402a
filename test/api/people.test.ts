import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findLink } from '../../src/database/one-time-links.ts';
import { createSession } from '../../src/database/sessions.ts';
import { assertProblem, liveSite, startApi, type TestApi } from './harness.ts';
import { person, type TestPerson } from './people.ts';

let api: TestApi;
let alpha: string;
let beta: string;
let root: TestPerson;
before(async () => {
  api = await startApi();
  [alpha, beta] = [await liveSite(api, 'alpha'), await liveSite(api, 'beta')];
  root = await person(api, 'Root', [{ role: 'owner' }]);
});
after(() => api.close());

const names = (answer: { body: { items: { name: string }[] } }) => answer.body.items.map(({ name }) => name);

test('a colleague is an editor of one site, through a team, until its end; and the answer says so', async () => {
  const ada = await person(api, 'Ada');
  const team = (await root.send('POST', '/teams', { body: { name: 'Web' } })).body;
  assert.equal((await root.send('POST', '/teams/Web/members', { body: { user: 'ADA@example.org' } })).body.members, 1);
  assertProblem(await ada.send('GET', '/sites/alpha'), 403, 'forbidden');
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  const grant = await root.send('POST', '/grants', { body: { team: team.id, role: 'editor', site: 'alpha', endsAt, reason: 'until the launch' } });
  assert.equal(grant.status, 201, JSON.stringify(grant.body));
  const why = (await ada.send('GET', '/me/can?action=site:update&site=alpha')).body;
  assert.equal(why.allowed, true);
  assert.match(why.why, new RegExp(`^Ada is editor of site ${alpha} until .* UTC, through team Web$`));
  assert.equal((await ada.send('POST', '/sites/alpha/suspend')).status, 202);
  assertProblem(await ada.send('POST', '/sites/beta/suspend'), 404, 'not-found');
  assert.deepEqual(names(await ada.send('GET', '/sites')), ['alpha']);
  const who = (await root.send('GET', `/who-can?action=site:update&site=${alpha}`)).body.items as { name: string }[];
  assert.deepEqual(who.map(({ name }) => name).sort(), ['Ada', 'Root', 'test']);
  assert.equal((await root.send('DELETE', `/grants/${grant.body.id}`)).status, 204);
  assertProblem(await ada.send('GET', '/sites/alpha'), 403, 'forbidden');
});

test('what has ended gives nothing, says when it ended, and may be given anew', async () => {
  const joan = await person(api, 'Joan', [{ role: 'viewer' }, { role: 'editor', site: alpha, endsAt: new Date(Date.now() - 60_000) }]);
  const refused = await joan.send('POST', '/sites/alpha/resume');
  assertProblem(refused, 403, 'forbidden');
  assert.match(refused.body.detail, /site:resume takes the role editor; Joan is viewer there, and was editor of site \w+ until 20/);
  assert.equal((await root.send('POST', '/grants', { body: { user: joan.id, role: 'editor', site: alpha } })).status, 201);
  assertProblem(await root.send('POST', '/grants', { body: { user: joan.id, role: 'editor', site: alpha } }), 409, 'exists');
  assert.equal((await joan.send('GET', '/me/can?action=site:resume&site=alpha')).body.allowed, true);
});

test('no one gives what they do not have, nor for longer, nor gets it by another’s password or team', async () => {
  const keeper = await person(api, 'Keeper', [{ role: 'owner', site: alpha, endsAt: new Date(Date.now() + 3_600_000) }]);
  const give = (body: object) => keeper.send('POST', '/grants', { body: { user: keeper.id, ...body } });
  assertProblem(await give({ role: 'viewer' }), 403, 'forbidden');
  assertProblem(await give({ role: 'viewer', site: beta }), 404, 'not-found');
  const longer = await give({ role: 'viewer', site: 'alpha' });
  assertProblem(longer, 403, 'forbidden');
  assert.match(longer.body.detail, /cannot give it for longer: say an end/);
  assert.equal((await give({ role: 'viewer', site: 'alpha', endsAt: new Date(Date.now() + 1_800_000).toISOString() })).status, 201);
  assertProblem(await give({ role: 'king', site: 'alpha' }), 422, 'invalid');

  await root.send('POST', '/roles', { body: { name: 'helpdesk', actions: ['user:read', 'user:update', 'user:invite', 'grant:write', 'role:write', 'team:write', 'token:create'] } });
  const help = await person(api, 'Help', [{ role: 'helpdesk' }]);
  for (const path of [`/users/${root.id}/reset`]) assertProblem(await help.send('POST', path), 403, 'forbidden');
  assertProblem(await help.send('PATCH', `/users/${root.id}`, { body: { email: 'mine@example.org' } }), 403, 'forbidden');
  assertProblem(await help.send('PATCH', '/roles/helpdesk', { body: { actions: ['site:delete'] } }), 403, 'forbidden');
  assertProblem(await help.send('POST', '/tokens', { body: { name: 'mine', role: 'viewer' } }), 403, 'forbidden');
  assertProblem(await help.send('POST', '/invitations', { body: { email: 'friend@example.org', role: 'owner' } }), 403, 'forbidden');
  assertProblem(await api.send('GET', '/users/friend@example.org'), 404, 'not-found');
  const owners = (await root.send('POST', '/teams', { body: { name: 'Owners' } })).body;
  await root.send('POST', '/grants', { body: { team: owners.id, role: 'owner' } });
  assertProblem(await help.send('POST', `/teams/${owners.id}/members`, { body: { user: help.id } }), 403, 'forbidden');
  assert.equal((await root.send('DELETE', `/teams/${owners.id}`)).status, 204);
});

test('a role of one’s own is a set of actions; it stays while somebody has it', async () => {
  const made = await root.send('POST', '/roles', { body: { name: 'binder', actions: ['hostname:bind', 'hostname:read', 'site:read'] } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const bea = await person(api, 'Bea', [{ role: 'binder', site: beta }]);
  assert.equal((await bea.send('POST', '/sites/beta/hostnames', { body: { hostname: 'bea.example.org' } })).status, 202);
  assertProblem(await bea.send('POST', '/sites/beta/suspend'), 403, 'forbidden');
  assertProblem(await root.send('DELETE', '/roles/binder'), 409, 'conflict');
  assert.equal((await root.send('PATCH', '/roles/binder', { body: { actions: ['site:read'] } })).status, 200);
  assertProblem(await bea.send('POST', '/sites/beta/hostnames', { body: { hostname: 'bea2.example.org' } }), 403, 'forbidden');
  for (const body of [{ name: 'owner', actions: ['site:read'] }, { name: 'x', actions: ['site:read'] }, { name: 'fine', actions: ['site:fly'] }, { name: 'fine', actions: [] }]) {
    assertProblem(await root.send('POST', '/roles', { body }), 422, 'invalid');
  }
});

test('an invitation gives something at once, is shown once, and stops being good with the next', async () => {
  const invited = await root.send('POST', '/invitations', { body: { email: 'Grace@Example.org', name: 'Grace', role: 'viewer', site: 'beta', endsAt: '2099-01-01T00:00:00Z' } });
  assert.equal(invited.status, 201, JSON.stringify(invited.body));
  assert.match(invited.body.path, /^\/invite\/[\w-]{43}$/);
  assert.equal((await api.send('GET', '/users/grace@example.org')).body.state, 'invited');
  assert.equal((await root.send('GET', '/invitations')).body.items.length, 1);
  assertProblem(await root.send('POST', '/invitations', { body: { email: root.email, role: 'viewer' } }), 409, 'exists');
  const again = await root.send('POST', '/invitations', { body: { email: 'grace@example.org' } });
  assert.notEqual(again.body.path, invited.body.path);
  assert.equal((await root.send('GET', '/invitations')).body.items.length, 1);
  const keeper = await person(api, 'Sitekeeper', [{ role: 'owner', site: beta }]);
  assert.equal((await keeper.send('POST', '/invitations', { body: { email: 'new@example.org', role: 'editor', site: 'beta' } })).status, 201);
  assertProblem(await keeper.send('POST', '/invitations', { body: { email: 'new2@example.org', role: 'editor' } }), 403, 'forbidden');
  assert.ok(!JSON.stringify((await api.send('GET', '/audit?limit=200')).body).includes(invited.body.path.slice(8)));
});

test('whoever waits with more than one has is not invited again by one: their link stays good, and shows nobody another', async () => {
  const host = await person(api, 'Host', [{ role: 'owner', site: alpha }]);
  const waiting = (await root.send('POST', '/invitations', { body: { email: 'chief@example.org', role: 'owner' } })).body;
  for (const body of [{ email: 'chief@example.org', role: 'viewer', site: 'alpha' }, { email: 'CHIEF@example.org', site: 'alpha' }]) {
    const refused = await host.send('POST', '/invitations', { body });
    assertProblem(refused, 403, 'forbidden');
    assert.match(refused.body.detail, /chief may more than Host: owner of the platform/);
  }
  const links = async () => ((await root.send('GET', '/invitations')).body.items as { id: string }[]).map(({ id }) => id);
  assert.ok((await links()).includes(waiting.id));
  assert.ok(await findLink(api.database.pool, waiting.path.split('/').at(-1), 'invitation'));
  // What they waited for has ended, and nothing of it is left to take over.
  const [grant] = (await root.send('GET', '/grants?user=chief@example.org')).body.items;
  assert.equal((await root.send('DELETE', `/grants/${grant.id}`)).status, 204);
  assert.equal((await host.send('POST', '/invitations', { body: { email: 'chief@example.org', role: 'viewer', site: 'alpha' } })).status, 201);
  assert.ok(!(await links()).includes(waiting.id));
});

test('whoever has not come in yet is given more by another invitation alone: the link that is out lets in as what it was made for', async () => {
  const host = await person(api, 'Landlord', [{ role: 'owner', site: alpha }]);
  const { body: first } = await host.send('POST', '/invitations', { body: { email: 'newcomer@example.org', role: 'viewer', site: 'alpha' } });
  const { body: team } = await root.send('POST', '/teams', { body: { name: 'Keyholders' } });
  for (const [path, body] of [['/grants', { user: 'newcomer@example.org', role: 'owner' }], [`/teams/${team.id}/members`, { user: 'newcomer@example.org' }]] as const) {
    const refused = await root.send('POST', path, { body });
    assertProblem(refused, 409, 'conflict');
    assert.match(refused.body.detail, /invited by somebody else and has not come in yet: invite them again/);
  }
  // By whoever invited them: that is how a person is invited first, and given things after.
  assert.equal((await host.send('POST', '/grants', { body: { user: 'newcomer@example.org', role: 'editor', site: 'alpha' } })).status, 201);
  const linkOf = ({ path }: { path: string }) => findLink(api.database.pool, path.split('/').at(-1)!, 'invitation');
  assert.ok(await linkOf(first));
  const { body: second } = await root.send('POST', '/invitations', { body: { email: 'newcomer@example.org', role: 'owner' } });
  assert.deepEqual([await linkOf(first), (await linkOf(second)) !== null], [null, true]);
});

test('nobody ends the sessions or tokens of somebody who may more, nor takes from a role what they have not', async () => {
  await root.send('POST', '/roles', { body: { name: 'doorkeeper', actions: ['session:read', 'session:end', 'token:read', 'token:revoke', 'role:read', 'role:write', 'user:read'] } });
  await root.send('POST', '/roles', { body: { name: 'releaser', actions: ['release:create', 'release:read'] } });
  const keeper = await person(api, 'Doorkeeper', [{ role: 'doorkeeper' }]);
  const boss = await person(api, 'Boss', [{ role: 'owner' }]);
  const reader = await person(api, 'Reader', [{ role: 'doorkeeper', site: alpha }]);
  const own = (await boss.send('POST', '/me/tokens', { body: { name: 'laptop' } })).body.id as string;
  const platforms = (await api.send('POST', '/tokens', { body: { name: 'deploy', role: 'operator', sites: ['alpha'] } })).body.id as string;
  for (const path of [`/users/${boss.id}/sessions`, `/sessions/${boss.session}`, `/tokens/${own}`, `/tokens/${platforms}`]) {
    const refused = await keeper.send('DELETE', path);
    assertProblem(refused, 403, 'forbidden');
    assert.match(refused.body.detail, /may more than Doorkeeper/);
  }
  assert.equal((await boss.send('GET', '/me')).status, 200);
  const taken = await keeper.send('PATCH', '/roles/releaser', { body: { actions: ['release:read'] } });
  assertProblem(taken, 403, 'forbidden');
  assert.match(taken.body.detail, /^role releaser may more than Doorkeeper/);
  // What they could give, they may take.
  assert.equal((await keeper.send('DELETE', `/sessions/${reader.session}`)).status, 204);
  assert.equal((await keeper.send('DELETE', `/users/${reader.id}/sessions`)).status, 204);
  const theirs = (await keeper.send('POST', '/me/tokens', { body: { name: 'mine' } })).body.id as string;
  assert.equal((await keeper.send('DELETE', `/tokens/${theirs}`)).status, 204);
  assert.equal((await root.send('PATCH', '/roles/releaser', { body: { actions: ['release:read'] } })).status, 200);
  assertProblem(await keeper.send('DELETE', '/sessions/e000000000'), 404, 'not-found');
  assertProblem(await keeper.send('DELETE', '/tokens/k000000000'), 404, 'not-found');
});

test('the audit is paged whole, by time and by who too, each entry once', async () => {
  const walked = async (filter: string, limit: number) => {
    const ids: number[] = [];
    for (let cursor = ''; ;) {
      const { body } = await root.send('GET', `/audit?limit=${limit}${filter}${cursor}`);
      ids.push(...body.items.map(({ id }: { id: number }) => id));
      if (body.next === null) return ids;
      cursor = `&cursor=${body.next}`;
    }
  };
  const who = await person(api, 'Walker', [{ role: 'viewer' }]);
  const { body: { token } } = await who.send('POST', '/me/tokens', { body: { name: 'Walker' } });
  await api.send('PATCH', '/me', { token, body: { name: 'Walker' } });
  const all = await walked('', 200);
  assert.ok(all.length > 10);
  assert.deepEqual(await walked('&from=2000-01-01T00:00:00Z', 7), all);
  assert.deepEqual(await walked('&to=2000-01-01T00:00:00Z', 7), []);
  const theirs = await walked(`&actor=${who.id}`, 200);
  assert.equal(theirs.length, 3, 'the session, the token, and what it did');
  assert.deepEqual(await walked('&actor=walker', 1), theirs);
  assert.deepEqual(await walked(`&actor=${who.id}&from=2000-01-01T00:00:00Z`, 1), theirs);
});

test('a name is one line of plain characters, whoever gives it', async () => {
  for (const name of ['Ada\u202Eevil', 'a\nb', 'a\u200Bb', '\u0007']) {
    assertProblem(await root.send('PATCH', '/me', { body: { name } }), 422, 'invalid');
    assertProblem(await root.send('POST', '/teams', { body: { name } }), 422, 'invalid');
    assertProblem(await root.send('POST', '/me/tokens', { body: { name } }), 422, 'invalid');
    assertProblem(await root.send('POST', '/invitations', { body: { email: 'bidi@example.org', name } }), 422, 'invalid');
    assertProblem(await api.send('POST', '/sign-in/devices', { token: null, body: { name } }), 422, 'invalid');
  }
});

test('a removed or disabled user’s session and tokens end at once', async () => {
  const eve = await person(api, 'Eve', [{ role: 'operator' }]);
  const token = (await eve.send('POST', '/me/tokens', { body: { name: 'laptop' } })).body.token as string;
  assert.equal((await api.send('GET', '/sites', { token })).status, 200);
  assert.equal((await root.send('PATCH', `/users/${eve.id}`, { body: { state: 'disabled' } })).body.state, 'disabled');
  assertProblem(await eve.send('GET', '/me'), 401, 'unauthenticated');
  assertProblem(await api.send('GET', '/sites', { token }), 401, 'unauthenticated');
  await root.send('PATCH', `/users/${eve.id}`, { body: { state: 'active' } });
  assertProblem(await eve.send('GET', '/me'), 401, 'unauthenticated');
  assert.equal((await api.send('GET', '/sites', { token })).status, 200, 'a token rests while they are disabled');
  assert.equal((await root.send('DELETE', `/users/${eve.email}`)).status, 204);
  assertProblem(await api.send('GET', '/sites', { token }), 401, 'unauthenticated');
  const audit = (await api.send('GET', `/audit?subject=user:${eve.id}`)).body.items.map((each: { action: string }) => each.action);
  assert.deepEqual(audit.slice(0, 4), ['user.removed', 'user.enabled', 'user.disabled', 'session.ended'].filter(Boolean));
});

test('a change in Postgres by another API is heard of at once', async () => {
  const mia = await person(api, 'Mia', [{ role: 'viewer' }]);
  assert.equal((await mia.send('GET', '/sites')).status, 200);
  await api.database.pool.query('update session set ended_at = clock_timestamp() where id = $1', [mia.session]);
  for (let left = 200; (await mia.send('GET', '/me')).status !== 401; left -= 1) assert.ok(left > 0, 'the session lives on');
});

test('with a cookie, what changes something needs the session’s own CSRF token', async () => {
  const cat = await person(api, 'Cat', [{ role: 'owner' }]);
  const dog = await person(api, 'Dog', [{ role: 'owner' }]);
  for (const csrf of ['', 'x', dog.csrf, `${cat.csrf}x`]) {
    assertProblem(await cat.send('PATCH', '/me', { body: { name: 'Tom' }, headers: { 'x-reeve-csrf': csrf } }), 403, 'forbidden');
  }
  assert.equal((await cat.send('PATCH', '/me', { body: { name: 'Tom' } })).body.user.name, 'Tom');
  assertProblem(await api.send('GET', '/me', { token: null, headers: { cookie: 'reeve_session=forged-forged-forged-forged' } }), 401, 'unauthenticated');
});

test('one’s own sessions are listed and ended; nobody else’s', async () => {
  const kim = await person(api, 'Kim');
  const lee = await person(api, 'Lee');
  const own = (await kim.send('GET', '/me/sessions')).body.items;
  assert.deepEqual(own.map((each: { id: string; current: boolean }) => [each.id, each.current]), [[kim.session, true]]);
  assertProblem(await kim.send('DELETE', `/me/sessions/${lee.session}`), 404, 'not-found');
  assertProblem(await kim.send('GET', '/sessions'), 403, 'forbidden');
  assert.ok((await root.send('GET', '/sessions?limit=200')).body.items.some((each: { id: string }) => each.id === lee.session));
  assert.equal((await root.send('DELETE', `/sessions/${lee.session}`)).status, 204);
  assertProblem(await lee.send('GET', '/me'), 401, 'unauthenticated');
  // All others end, and the one that asks goes on.
  const elsewhere = await createSession(api.database.pool, { user: kim.id, name: 'Kim', address: '192.0.2.7', agent: 'another', secure: false });
  assert.equal((await kim.send('GET', '/me/sessions')).body.items.length, 2);
  assert.equal((await kim.send('DELETE', '/me/sessions')).status, 204);
  assert.deepEqual((await kim.send('GET', '/me/sessions')).body.items.map((each: { id: string }) => each.id), [kim.session]);
  assertProblem(await api.send('GET', '/me', { token: null, headers: { cookie: elsewhere.cookie.split(';')[0]! } }), 401, 'unauthenticated');
  assert.equal((await kim.send('DELETE', `/me/sessions/${kim.session}`)).status, 204);
  assertProblem(await kim.send('GET', '/me'), 401, 'unauthenticated');
});

test('a token has a role, some actions of it, some sites, and an end; one’s own never more than oneself', async () => {
  const ci = (await api.send('POST', '/tokens', { body: { name: 'ci', role: 'editor', sites: ['alpha'], actions: ['site:read', 'env:write'] } })).body;
  assert.deepEqual([ci.sites, ci.actions, ci.role], [[alpha], ['site:read', 'env:write'], 'editor']);
  assert.equal((await api.send('PUT', '/sites/alpha/env', { body: { A: '1' }, token: ci.token })).status, 200);
  const refused = await api.send('POST', '/sites/alpha/suspend', { token: ci.token });
  assertProblem(refused, 403, 'forbidden');
  assertProblem(await api.send('PUT', '/sites/beta/env', { body: { A: '1' }, token: ci.token }), 404, 'not-found');
  assert.deepEqual(names(await api.send('GET', '/sites', { token: ci.token })), ['alpha']);

  const zoe = await person(api, 'Zoe', [{ role: 'editor', site: alpha }]);
  const own = (await zoe.send('POST', '/me/tokens', { body: { name: 'phone' } })).body.token as string;
  assert.equal((await api.send('GET', '/me/can?action=site:update&site=alpha', { token: own })).body.allowed, true);
  assertProblem(await api.send('DELETE', '/sites/alpha', { token: own, headers: { 'if-match': '*' } }), 403, 'forbidden');
  const reader = (await zoe.send('POST', '/me/tokens', { body: { name: 'reader', role: 'viewer' } })).body;
  const beyond = await api.send('PUT', '/sites/alpha/env', { body: { A: '1' }, token: reader.token });
  assertProblem(beyond, 403, 'forbidden');
  assertProblem(await api.send('POST', '/me/tokens', { body: { name: 'more' }, token: own }), 403, 'forbidden');
  assert.deepEqual(names(await zoe.send('GET', '/me/tokens')).sort(), ['phone', 'reader']);
  // What one may not see is not there, also not as a token's site; and nothing is made that has ended already.
  assertProblem(await zoe.send('POST', '/me/tokens', { body: { name: 'peek', sites: ['beta'] } }), 404, 'not-found');
  assertProblem(await zoe.send('POST', '/me/tokens', { body: { name: 'old', expiresAt: '2020-01-01T00:00:00Z' } }), 422, 'invalid');
  assert.equal((await zoe.send('DELETE', `/me/tokens/${reader.id}`)).status, 204);
  assertProblem(await zoe.send('DELETE', `/me/tokens/${ci.id}`), 404, 'not-found');
});

test('the last owner cannot be removed, disabled or ungranted, however it is tried, also twice at once', async () => {
  const other = await startApi();
  try {
    const [one, two] = [await person(other, 'One', [{ role: 'owner' }]), await person(other, 'Two', [{ role: 'owner' }])];
    const grants = (await one.send('GET', '/grants')).body.items as { id: string; user: { id: string } }[];
    const grantOf = (who: TestPerson) => grants.find((grant) => grant.user.id === who.id)!.id;
    // Each takes the other's away at the same moment: one of them stays.
    const answers = await Promise.all([one.send('DELETE', `/grants/${grantOf(two)}`), two.send('DELETE', `/grants/${grantOf(one)}`)]);
    const left = answers[0].status === 204 ? one : two;
    assert.equal(answers.filter(({ status }) => status === 204).length, 1, JSON.stringify(answers.map(({ body }) => body)));
    for (const [method, path, body] of [['DELETE', `/grants/${grantOf(left)}`, undefined], ['DELETE', `/users/${left.id}`, undefined], ['PATCH', `/users/${left.id}`, { state: 'disabled' }]] as const) {
      // By the platform's own token: nobody disables or removes themselves anyway.
      const refused = await other.send(method, path, body ? { body } : {});
      assertProblem(refused, 409, 'conflict');
      assert.match(refused.body.detail, /the platform’s last owner/);
    }
    for (const [method, body] of [['DELETE', undefined], ['PATCH', { state: 'disabled' }]] as const) {
      const refused = await left.send(method, `/users/${left.id}`, body ? { body } : {});
      assertProblem(refused, 409, 'conflict');
      assert.match(refused.body.detail, /nobody (disables|removes) themselves/);
    }
    assertProblem(await left.send('DELETE', `/grants/${grantOf(left)}`), 409, 'conflict');
    // As long as there is such a person, tokens may go.
    assert.equal((await left.send('DELETE', `/tokens/${(await other.send('GET', '/me')).body.id}`)).status, 204);
  } finally {
    await other.close();
  }
});

test('somebody may ask why another may, or may not, about what they see', async () => {
  const [pam, ron] = [await person(api, 'Pam', [{ role: 'viewer', site: beta }]), await person(api, 'Ron', [{ role: 'editor', site: beta, endsAt: new Date(Date.now() + 3_600_000) }])];
  const why = async (who: Pick<TestPerson, 'send'>, of: string, query: string) => (await who.send('GET', `/users/${of}/can?${query}`)).body;
  assert.match((await why(pam, ron.id, 'action=site:update&site=beta')).why, /^Ron is editor of site \w+ until /);
  const not = await why(root, ron.email, 'action=site:delete&site=beta');
  assert.equal(not.allowed, false);
  assert.match(not.why, /site:delete takes the role operator; Ron is editor there/);
  await root.send('PATCH', `/users/${ron.id}`, { body: { state: 'disabled' } });
  assert.deepEqual(await why(root, ron.id, 'action=site:update&site=beta'), { action: 'site:update', site: beta, allowed: false, why: 'Ron is disabled' });
  for (const path of [`/users/${root.id}/can?action=site:read&site=beta`, `/users/${ron.id}/can?action=site:read&site=alpha`]) assertProblem(await pam.send('GET', path), 404, 'not-found');
  assertProblem(await pam.send('GET', `/users/${ron.id}/can?action=site:read`), 403, 'forbidden');
});

test('whoever has one site sees its people, and nobody else', async () => {
  const [sue, tim] = [await person(api, 'Sue', [{ role: 'viewer', site: beta }]), await person(api, 'Tim', [{ role: 'editor', site: beta }])];
  const seen = names(await sue.send('GET', '/users?limit=200'));
  assert.ok(seen.includes('Sue') && seen.includes('Tim') && !seen.includes('Root') && !seen.includes('Zoe'), String(seen));
  assert.equal((await sue.send('GET', `/users/${tim.id}`)).status, 200);
  assertProblem(await sue.send('GET', `/users/${root.id}`), 404, 'not-found');
  const grants = (await sue.send('GET', '/grants?limit=200')).body.items as { site: { name: string } | null }[];
  assert.ok(grants.length > 0 && grants.every(({ site }) => site?.name === 'beta'));
});

