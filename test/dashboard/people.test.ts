/** People, as whoever looks after them goes through it: real forms on a real API. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mailReceiver } from '../alerts/receiver.ts';
import { liveSite, startApi, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { browser } from '../sign-in/browser.ts';
import { PASSWORD } from '../sign-in/people.ts';
import { submit, visit, type Visit } from './visit.ts';

let api: TestApi;
let alpha: string;
let beta: string;
let root: TestPerson;
let keeper: TestPerson;
before(async () => {
  api = await startApi({ config: { REEVE_DATABASE_URL: '', REEVE_SITES_SERVER: 'local', REEVE_TEMPORAL_UI: undefined, TEMPORAL_NAMESPACE: 'default', REEVE_URL: 'https://reeve.example.org' } });
  [alpha, beta] = [await liveSite(api, 'alpha'), await liveSite(api, 'beta')];
  root = await person(api, 'Root', [{ role: 'owner' }]);
  keeper = await person(api, 'Keeper', [{ role: 'owner', site: alpha }]);
});
after(() => api.close());

/** Send a form of that page. */
const send = async (who: TestPerson, at: string, to: string, fields: Record<string, string> = {}): Promise<Visit> => submit(api, to, who, await visit(api, at, who), fields);
const words = ({ html }: Visit): string => html.slice(html.indexOf('<main')).replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
const wrongAt = (page: Visit, field: string, why: RegExp) => assert.match(new RegExp(`id="e-${field}">[\\s\\S]*?</p>`).exec(page.html)?.[0].replace(/<[^>]+>/g, '') ?? words(page), why);
const refused = (page: Visit, status: number, why: RegExp) => {
  assert.equal(page.status, status, words(page));
  assert.match(/role="alert"[^>]*>[\s\S]*?<\/div>/.exec(page.html)?.[0].replace(/<[^>]+>/g, '') ?? words(page), why);
};
const grantOf = async (user: string): Promise<string> => (await api.send('GET', `/grants?user=${user}`)).body.items[0].id;
const may = async (who: TestPerson, action: string, site: string): Promise<boolean> => (await who.send('GET', `/me/can?action=${action}&site=${site}`)).body.allowed === true;

test('somebody is invited by a link that is shown once, comes in by it, and has what was given', async () => {
  const page = await visit(api, '/people/invite', root);
  const fields = { email: 'Grace@Example.org', name: 'Grace', role: 'editor', site: 'alpha', endsAt: '2099-01-31T17:00' };
  const wrong = await submit(api, '/people/invite', root, page, { ...fields, email: 'not an address', site: 'alpha' });
  assert.equal(wrong.status, 422);
  wrongAt(wrong, 'email', /e-mail|email/i);
  assert.match(wrong.html, /value="2099-01-31T17:00"/);
  assert.match(wrong.html, /<option value="editor" selected>/);
  wrongAt(await send(root, '/people/invite', '/people/invite', { ...fields, site: 'nowhere' }), 'site', /There is no site nowhere/);
  assert.equal((await api.send('GET', '/users/grace@example.org')).status, 404, 'nothing was half made');

  const made = await send(root, '/people/invite', '/people/invite', fields);
  const link = /id="link"[^>]*>(https:\/\/reeve\.example\.org\/invite\/[\w-]{43})</.exec(made.html)?.[1];
  assert.ok(link, words(made));
  assert.match(words(made), /send it to them by a way that nobody else reads/);
  assert.match(words(await visit(api, '/people/invite', root)), /Invitations that wait.*Grace grace@example\.org/);
  const grace = browser();
  await grace.send(await grace.open(api.url + new URL(link).pathname), new URL(link).pathname, { name: 'Grace Hopper', password: PASSWORD });
  assert.match((await grace.open(`${api.url}/account`)).text, /Grace Hopper/);
  assert.match(words(await visit(api, '/people/users/grace@example.org', root)), /Grace Hopper Active .*Editor on alpha/);
  refused(await send(root, '/people/invite', '/people/invite', { email: 'grace@example.org' }), 409, /is here already, active/);
});

test('where mail is set up, the link goes there too', async () => {
  const mail = await mailReceiver();
  try {
    const config = { from: 'reeve@example.org', to: ['ops@example.org'], host: '127.0.0.1', port: mail.port, security: 'none' };
    await api.database.pool.query(`update platform set settings = settings || '{"alertNetworks": ["127.0.0.0/8"]}'`);
    const { body: channel } = await api.send('POST', '/alerts/channels', { body: { kind: 'email', name: 'ops', config } });
    const made = await send(root, '/people/invite', '/people/invite', { email: 'ida@example.org' });
    assert.match(words(made), /it is on its way to them by mail, too/);
    for (let left = 1_200; mail.mails.length === 0; left -= 1) {
      assert.ok(left > 0, 'no mail came');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual(mail.mails[0]!.to, ['ida@example.org']);
    assert.match(mail.mails[0]!.text, /Root invites you to Reeve/);
    assert.equal((await api.send('DELETE', `/alerts/channels/${channel.id}`, { headers: { 'if-match': '*' } })).status, 204);
  } finally {
    await mail.close();
  }
});

test('people are found by a part of their name, by state and by team', async () => {
  await person(api, 'Linus', [], 'disabled');
  for (const [query, expected] of [['q=LINU', ['Linus']], ['state=disabled', ['Linus']], ['q=keep', ['Keeper']], ['q=nobody-is-called-so', []]] as const) {
    const { html } = await visit(api, `/people?${query}`, root);
    assert.deepEqual([...html.matchAll(/href="\/people\/users\/\w+">([^<]+)</g)].map(([, name]) => name), expected, query);
  }
  assert.match(words(await visit(api, '/people?q=nobody-is-called-so', root)), /Nobody is like that/);
});

test('whoever is disabled is out at once, and in again when enabled', async () => {
  const eve = await person(api, 'Eve', [{ role: 'viewer' }]);
  const base = `/people/users/${eve.id}`;
  assert.match(words(await visit(api, base, root)), /Where they are signed in .* from 127\.0\.0\.1/);
  assert.equal((await send(root, base, `${base}/disable`)).location, `${base}?said=disabled`);
  assert.equal((await eve.send('GET', '/me')).status, 401);
  assert.match(words(await visit(api, `${base}?said=disabled`, root)), /They are kept out: .* Eve Disabled/);
  assert.equal((await send(root, base, `${base}/enable`)).location, `${base}?said=enabled`);
  assert.equal((await api.send('GET', `/users/${eve.id}`)).body.state, 'active');
});

test('a session of somebody is ended, or all of them; they get a link for a new password', async () => {
  const [mia, leo] = [await person(api, 'Mia'), await person(api, 'Leo')];
  const base = `/people/users/${mia.id}`;
  assert.equal((await send(root, base, `${base}/end-session`, { session: mia.session })).status, 303);
  assert.equal((await mia.send('GET', '/me')).status, 401);
  assert.equal((await send(root, `/people/users/${leo.id}`, `/people/users/${leo.id}/end-sessions`)).status, 303);
  assert.equal((await leo.send('GET', '/me')).status, 401);
  const made = await send(root, base, `${base}/reset`);
  assert.match(made.html, /id="link"[^>]*>https:\/\/reeve\.example\.org\/reset\/[\w-]{43}</);
});

test('nobody locks themselves, or the last owner, out; the page says why', async () => {
  const mine = `/people/users/${root.id}`;
  const page = await visit(api, mine, root);
  assert.match(words(page), /This is you/);
  assert.doesNotMatch(page.html, /\/disable"|\/remove"/, 'no button for it');
  refused(await submit(api, `${mine}/disable`, root, page, {}), 409, /Nobody disables themselves/);
  refused(await send(root, `${mine}/remove`, `${mine}/remove`, { confirm: root.email }), 409, /Nobody removes themselves/);
  refused(await send(root, '/people/grants', '/people/grants/take', { grant: await grantOf(root.id) }), 409, /this is the platform’s last owner: make somebody else one first/i);
  refused(await send(root, mine, `${mine}/take`, { grant: await grantOf(root.id) }), 409, /last owner/);
});

test('somebody is removed once their e-mail is typed', async () => {
  const dan = await person(api, 'Dan');
  const path = `/people/users/${dan.id}/remove`;
  const wrong = await send(root, path, path, { confirm: 'Dan' });
  assert.equal(wrong.status, 422);
  wrongAt(wrong, 'confirm', /Must be dan@example\.org/);
  assert.equal((await send(root, path, path, { confirm: 'Dan@Example.org ' })).location, '/people?said=user-removed');
  assert.equal((await visit(api, `/people/users/${dan.id}`, root)).status, 404);
});

test('a role is given to a person or a team, here or everywhere, until its end; and taken away', async () => {
  const joe = await person(api, 'Joe');
  const give = (fields: Record<string, string>) => send(root, '/people/grants', '/people/grants', { role: 'editor', site: 'alpha', ...fields });
  wrongAt(await give({}), 'user', /Name a user or a team/);
  const unknown = await give({ user: 'nobody-here@example.org', reason: 'for “the <launch>”', endsAt: '2099-01-01T00:00' });
  assert.equal(unknown.status, 404);
  wrongAt(unknown, 'user', /There is nobody nobody-here@example\.org/);
  assert.match(unknown.html, /for “the &lt;launch&gt;”/);
  wrongAt(await give({ user: joe.email, site: 'gamma' }), 'site', /There is no site gamma/);
  wrongAt(await give({ user: joe.email, endsAt: '2020-01-01T00:00' }), 'endsAt', /Has passed/);
  wrongAt(await give({ user: joe.email, role: 'king' }), 'role', /Is no role/);
  const page = await visit(api, '/people/grants', root);
  const fields = { user: joe.email, role: 'editor', site: 'alpha', endsAt: '2099-01-01T00:00', reason: 'the launch' };
  const [once, twice] = [await submit(api, '/people/grants', root, page, fields), await submit(api, '/people/grants', root, page, fields)];
  assert.deepEqual([once.location, twice.location], ['/people/grants?said=given', '/people/grants?said=given'], 'sent twice, it is one');
  refused(await give({ user: joe.email }), 409, /they have the role editor there already/i);
  assert.ok(await may(joe, 'site:update', alpha));
  assert.match(words(await visit(api, `/people/grants?user=${joe.email}`, root)), /Joe Editor on alpha in \d+ d .* by Root the launch/);
  const base = `/people/users/${joe.id}`;
  assert.equal((await send(root, base, `${base}/take`, { grant: await grantOf(joe.id) })).location, `${base}?said=taken`);
  assert.equal((await joe.send('GET', '/sites/alpha')).status, 403);
});

test('nobody gives what they do not have, nor for longer; the page says so', async () => {
  const [nia, short] = [await person(api, 'Nia'), await person(api, 'Short', [{ role: 'owner', site: beta, endsAt: new Date(Date.now() + 86_400_000) }])];
  const give = (who: TestPerson, fields: Record<string, string>) => send(who, '/people/grants', '/people/grants', { user: nia.email, role: 'viewer', ...fields });
  refused(await give(keeper, {}), 403, /grant:write takes the role owner; Keeper has no role there/);
  refused(await give(keeper, { site: 'beta' }), 404, /There is no site beta/);
  refused(await give(short, { site: 'beta' }), 403, /cannot give it for longer: say an end/);
  const base = `/people/users/${nia.id}`;
  await api.send('POST', '/roles', { body: { name: 'helper', actions: ['user:read', 'grant:read', 'grant:write', 'role:read'] } });
  const helper = await person(api, 'Helper', [{ role: 'helper' }]);
  const tried = await send(helper, base, `${base}/give`, { role: 'owner' });
  refused(tried, 403, /Helper cannot give what it does not have: owner/);
  assert.match(tried.html, /<option value="owner" selected>/);
  assert.match(words(tried), /Nothing yet/);
});

test('the owner of one site gives a role there until Friday, by its People tab', async () => {
  const ina = await person(api, 'Ina');
  const path = `/sites/${alpha}/people`;
  const friday = new Date(Date.now() + ((5 - new Date().getUTCDay() + 7) % 7 || 7) * 86_400_000).toISOString().slice(0, 10);
  const given = await send(keeper, path, path, { user: ina.email, role: 'editor', endsAt: `${friday}T17:00`, reason: 'until Friday' });
  assert.equal(given.location, `${path}?said=given`, words(given));
  const shown = await visit(api, path, keeper);
  assert.match(shown.html, new RegExp(`datetime="${friday}T17:00:00.000Z"`));
  assert.match(words(shown), /Ina Editor .*until Friday.*Keeper is owner of site alpha/);
  assert.deepEqual([await may(ina, 'site:update', alpha), await may(ina, 'site:delete', alpha)], [true, false]);
  const grant = await grantOf(ina.id);
  await api.database.pool.query(`update "grant" set ends_at = now() - interval '1 second' where id = $1`, [grant]);
  for (let left = 1_200; (await ina.send('GET', '/sites/alpha')).status !== 403; left -= 1) {
    assert.ok(left > 0, 'it goes on after its end');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.match(words(await visit(api, path, keeper)), /Ina Editor ended/);
  assert.equal((await send(keeper, path, `${path}/remove`, { grant })).location, `${path}?said=taken`);
  refused(await send(keeper, path, path, { user: 'not-here@example.org', role: 'editor' }), 404, /There is nobody not-here/);
  const invited = await send(keeper, '/people/invite', '/people/invite', { email: 'new@example.org', role: 'viewer', site: 'alpha' });
  assert.match(invited.html, /id="link"/, words(invited));
  refused(await send(keeper, '/people/invite', '/people/invite', { email: 'new2@example.org', role: 'viewer' }), 403, /user:invite takes the role owner/);
});

test('a team is made, joined, given something, renamed and removed', async () => {
  const pat = await person(api, 'Pat');
  const made = await send(root, '/people/teams', '/people/teams', { name: 'Web' });
  const base = /^(\/people\/teams\/t\w+)\?said=team-made$/.exec(made.location ?? '')![1]!;
  const again = await send(root, '/people/teams', '/people/teams', { name: 'Web' });
  assert.equal(again.status, 409);
  wrongAt(again, 'name', /Is a team’s already/);
  const unknown = await send(root, base, `${base}/add`, { user: 'nobody-here@example.org' });
  wrongAt(unknown, 'user', /There is nobody nobody-here/);
  assert.equal((await send(root, base, `${base}/add`, { user: pat.email })).location, `${base}?said=member-added`);
  assert.equal((await send(root, base, `${base}/give`, { role: 'editor', site: 'alpha' })).location, `${base}?said=given`);
  assert.ok(await may(pat, 'site:update', alpha));
  assert.match(words(await visit(api, `/people/users/${pat.id}`, root)), /Editor on alpha through team Web no end/);
  assert.equal((await send(root, base, `${base}/rename`, { name: 'Websites' })).location, `${base}?said=saved`);
  assert.equal((await send(root, base, `${base}/drop`, { member: pat.id })).location, `${base}?said=member-removed`);
  assert.equal((await pat.send('GET', '/sites/alpha')).status, 403);
  wrongAt(await send(root, `${base}/remove`, `${base}/remove`, { confirm: 'Web' }), 'confirm', /Must be Websites/);
  assert.equal((await send(root, `${base}/remove`, `${base}/remove`, { confirm: 'Websites' })).location, '/people/teams?said=team-removed');
});

test('a role is made of permissions, changed, and removed when nobody has it', async () => {
  const path = '/people/new-role';
  const boxes = Object.fromEntries([...(await visit(api, path, root)).html.matchAll(/name="(may\.\d+)" value="([a-z:-]+)"/g)].map(([, name, action]) => [action!, name!]));
  const ticks = (...actions: string[]) => Object.fromEntries(actions.map((action) => [boxes[action]!, action]));
  const none = await send(root, path, path, { name: 'binder', description: 'Binds hostnames' });
  assert.equal(none.status, 422);
  wrongAt(none, 'actions', /./);
  assert.match(none.html, /value="Binds hostnames"/);
  const bad = await send(root, path, path, { name: 'No Name', ...ticks('site:read', 'token:read') });
  wrongAt(bad, 'name', /2 to 40 of a-z/);
  assert.match(bad.html, /value="token:read" checked/);
  assert.equal((await send(root, path, path, { name: 'binder', ...ticks('site:read', 'hostname:read', 'hostname:bind') })).location, '/people/roles?said=role-made');
  const cleo = await person(api, 'Cleo', [{ role: 'binder', site: alpha }]);
  assert.deepEqual([await may(cleo, 'hostname:bind', alpha), await may(cleo, 'site:update', alpha)], [true, false]);
  const one = '/people/roles/binder';
  assert.match((await visit(api, one, root)).html, /value="hostname:bind" checked/);
  assert.equal((await send(root, one, one, { description: 'Looks', ...ticks('site:read') })).location, `${one}?said=role-changed`);
  assert.equal(await may(cleo, 'hostname:bind', alpha), false);
  refused(await send(root, one, `${one}/remove`), 409, /1 grants or tokens have the role binder: take them away first/);
  await api.send('DELETE', `/grants/${await grantOf(cleo.id)}`);
  assert.equal((await send(root, one, `${one}/remove`)).location, '/people/roles?said=role-removed');
  assert.match(words(await visit(api, '/people/roles/editor', root)), /built in: it cannot be changed/);
});

test('why may somebody do something somewhere, or why not; and who can', async () => {
  const zoe = await person(api, 'Zoe', [{ role: 'editor', site: alpha, endsAt: new Date('2099-01-31T17:00:00Z') }]);
  const ask = async (who: TestPerson, query: string) => words(await visit(api, `/people/who-can?${query}`, who));
  assert.match(await ask(root, `user=${zoe.email}&action=site:update&site=alpha`), /Yes\. Zoe is editor of site alpha until 2099-01-31 17:00 UTC/);
  assert.match(await ask(root, `user=${zoe.email}&action=site:delete&site=alpha`), /No\. site:delete takes the role operator; Zoe is editor there/);
  assert.match(await ask(root, `user=nobody-here@example.org&action=site:delete&site=alpha`), /There is nobody nobody-here@example\.org/);
  assert.match(await ask(root, `action=site:update&site=nowhere`), /There is no site nowhere/);
  assert.match(await ask(root, `action=site:delete&site=alpha`), /Who can: \d .*Keeper Keeper is owner of site alpha.*Root Root is owner of the platform/);
  assert.match(await ask(keeper, `action=site:update&site=alpha`), /Zoe is editor of site alpha/);
  assert.match(await ask(keeper, `action=site:update&site=beta`), /There is no site beta/);
  assert.match(await ask(keeper, `action=site:update`), /grant:read takes the role viewer; Keeper has no role there/);
});

test('a viewer looks, and has no buttons; whoever has one site sees its people alone', async () => {
  const vic = await person(api, 'Vic', [{ role: 'viewer' }]);
  for (const path of ['/people', `/people/users/${keeper.id}`, '/people/teams', '/people/grants', '/people/roles', '/people/roles/helper', '/people/who-can']) {
    const page = await visit(api, path, vic);
    assert.equal(page.status, 200, path);
    assert.doesNotMatch(page.html.slice(page.html.indexOf('<main')), /<form method="post"|href="\/people\/(invite|new-role|tokens)/, path);
  }
  const una = await person(api, 'Una', [{ role: 'viewer', site: beta }]);
  const list = await visit(api, '/people', una);
  assert.match(list.html, />Una</);
  assert.doesNotMatch(list.html, />Root<|>Keeper</);
  assert.equal((await visit(api, `/people/users/${root.id}`, una)).status, 404);
});

test('a token of the platform’s own is made, and revoked; the last owner’s is not', async () => {
  const path = '/people/tokens/new';
  const made = await send(root, path, path, { name: 'monitoring', role: 'viewer', expiresAt: '' });
  const token = /id="token"[^>]*>(reeve_[\w-]{43})</.exec(made.html)![1]!;
  assert.equal((await api.send('GET', '/me', { token })).body.role, 'viewer');
  const list = await visit(api, '/people/tokens', root);
  assert.ok(!list.html.includes(token));
  assert.match(words(list), /monitoring the platform’s own Viewer wherever one can no end /);
  const { id } = (await api.send('GET', '/me', { token })).body;
  assert.equal((await submit(api, '/people/tokens/revoke', root, list, { which: id })).location, '/people/tokens?said=token-revoked');
  assert.equal((await api.send('GET', '/me', { token })).status, 401);
  refused(await send(root, '/people/tokens', '/people/tokens/revoke', { which: id }), 404, /There is no token/);
});
