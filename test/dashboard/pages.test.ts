import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { all } from '../../src/dashboard/pages/index.ts';
import { decryptEnvValue } from '../../src/domain/secrets.ts';
import { liveSite, startApi, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { submit, visit } from './visit.ts';

let api: TestApi;
let alpha: string;
let beta: string;
let root: TestPerson;
let ada: TestPerson;
before(async () => {
  api = await startApi();
  [alpha, beta] = [await liveSite(api, 'alpha'), await liveSite(api, 'beta')];
  root = await person(api, 'Root', [{ role: 'owner' }]);
  ada = await person(api, 'Ada', [{ role: 'editor', site: alpha }]);
});
after(() => api.close());

const runs = async (type: string) => (await api.send('GET', `/runs?type=${type}`)).body.items as { id: string; subject: string; state: string }[];

test('whoever is not signed in is led to signing in, and back', async () => {
  for (const { path, method, open } of all) {
    if (open) continue;
    const asked = path.replace(/\{\w+\}/g, 'x');
    const answer = method === 'GET' ? await visit(api, `${asked}?a=1`, null) : await submit(api, asked, null, null, {});
    assert.equal(answer.status, 303, `${method} ${path}`);
    assert.match(answer.location ?? '', /^\/sign-in(\?next=|$)/, `${method} ${path}`);
  }
  assert.equal((await visit(api, '/sites?q=a%20b', null)).location, '/sign-in?next=%2Fsites%3Fq%3Da%2520b');
});

test('pages are guarded: nothing from elsewhere, nothing inline, nobody frames them', async () => {
  for (const path of ['/', '/sites', `/sites/${alpha}`, '/sites/new', '/nothing/here']) {
    const { headers, html } = await visit(api, path, root);
    assert.equal(headers.get('content-security-policy'), "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", path);
    assert.equal(headers.get('cache-control'), 'no-store', path);
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script(?![^>]* src=)|javascript:/i, path);
  }
});

test('assets are kept for ever under a name of their contents', async () => {
  const { html } = await visit(api, '/', root);
  const found = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
  assert.ok(found.length >= 4);
  for (const path of new Set(found)) {
    const answer = await fetch(api.url + path);
    assert.equal(answer.status, 200, path);
    assert.match(answer.headers.get('cache-control') ?? '', /immutable/);
    assert.ok((await answer.text()).length > 0);
  }
  assert.equal((await fetch(`${api.url}/assets/dashboard-0.css`)).status, 404);
});

test('every page that needs no more than a site is there for an owner', async () => {
  const run = (await runs('createSite'))[0]!.id;
  const values: Record<string, string> = { site: alpha, run, hostname: 'alpha.localhost', act: 'delete' };
  const pages = all.filter(({ method, path, open }) => method === 'GET' && !open && path !== '/stream' && [...path.matchAll(/\{(\w+)\}/g)].every(([, name]) => values[name!]));
  assert.ok(pages.length >= 15, String(pages.length));
  for (const { path } of pages) {
    const answer = await visit(api, path.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!), root);
    assert.equal(answer.status, path.endsWith('.json') ? answer.status : 200, `${path}: ${answer.html.slice(0, 200)}`);
    if (!path.endsWith('.json')) assert.match(answer.html, /<h1/, path);
  }
});

test('a form without the session’s token does nothing', async () => {
  const page = await visit(api, '/sites/new', root);
  for (const stolen of [{ _csrf: '' }, { _csrf: 'x'.repeat(43) }, { _csrf: ada.csrf }]) {
    const refused = await submit(api, '/sites/new', root, page, { name: 'forged', ...stolen });
    assert.equal(refused.status, 403, JSON.stringify(stolen));
    assert.match(refused.html, /did not come from a page of this session/i);
  }
  assert.equal((await api.send('GET', '/sites/forged')).status, 404);
});

test('a site is created by a form that leads to its run; sent twice, it is one site', async () => {
  const page = await visit(api, '/sites/new', root);
  const fields = { name: 'gamma', hostnames: 'www.gamma-toys.org\n gamma-toys.org ', 'settings.processes': '3' };
  const [first, second] = [await submit(api, '/sites/new', root, page, fields), await submit(api, '/sites/new', root, page, fields)];
  assert.equal(first.status, 303, first.html.slice(0, 300));
  assert.match(first.location ?? '', /^\/runs\/w/);
  assert.equal(second.location, first.location);
  const { body } = await api.send('GET', '/sites/gamma');
  assert.equal(body.settings.processes, 3);
  assert.equal(body.hostnames.length, 3);
  const run = await visit(api, first.location!, root);
  assert.match(run.html, /Create site: gamma/);
  assert.match(run.html, /Create database/, 'what is still to come is shown');
});

test('whoever may not bind creates a site by a form that does not ask for further hostnames; an editor’s does', async () => {
  await api.send('POST', '/roles', { body: { name: 'founder', actions: ['site:create', 'site:read'] } });
  const [founder, editor] = [await person(api, 'Founder', [{ role: 'founder' }]), await person(api, 'Editor', [{ role: 'editor' }])];
  const [without, whole] = [await visit(api, '/sites/new', founder), await visit(api, '/sites/new', editor)];
  assert.doesNotMatch(without.html, /name="hostnames"/);
  assert.match(whole.html, /name="hostnames"/);
  assert.match((await submit(api, '/sites/new', founder, without, { name: 'founded' })).location ?? '', /^\/runs\/w/);
  assert.match((await submit(api, '/sites/new', editor, whole, { name: 'edited', hostnames: 'www.edited-toys.org' })).location ?? '', /^\/runs\/w/);
});

test('what is refused comes back with what was typed, beside its field', async () => {
  const page = await visit(api, '/sites/new', root);
  const refused = await submit(api, '/sites/new', root, page, { name: 'Not <a> name', owner: 'Jo "the" O’Neil', 'settings.processes': 'many' });
  assert.equal(refused.status, 422);
  assert.match(refused.html, /value="Not &lt;a&gt; name"/);
  assert.match(refused.html, /Jo &quot;the&quot; O’Neil/);
  assert.match(refused.html, /aria-invalid="true"[^>]*aria-errormessage="e-name"/);
  assert.match(refused.html, /id="e-settings.processes"/);
  const taken = await submit(api, '/sites/new', root, await visit(api, '/sites/new', root), { name: 'alpha' });
  assert.equal(taken.status, 409);
  assert.match(taken.html, /there is a site named alpha already/i);
});

test('deleting asks for the name, and says what it will do', async () => {
  const doomed = await liveSite(api, 'doomed');
  const path = `/sites/${doomed}/actions/delete`;
  const page = await visit(api, path, root);
  assert.match(page.html, /answers “unknown” at once/);
  const wrong = await submit(api, path, root, page, { confirm: 'domed' });
  assert.equal(wrong.status, 422);
  assert.match(wrong.html, /Must be doomed/);
  assert.equal((await api.send('GET', '/sites/doomed')).body.status, 'active');
  const [once, twice] = [await submit(api, path, root, page, { confirm: 'doomed' }), await submit(api, path, root, page, { confirm: 'doomed' })];
  assert.equal(once.status, 303, once.html.slice(0, 300));
  assert.equal(twice.location, once.location, 'sent twice, it is one deletion and no complaint');
  assert.equal((await runs('deleteSite')).length, 1);
});

test('what another has changed meanwhile is not overwritten', async () => {
  const path = `/sites/${beta}/settings`;
  const page = await visit(api, path, root);
  await api.send('PATCH', `/sites/${beta}`, { headers: { 'if-match': '*' }, body: { settings: { threads: 5 } } });
  const stale = await submit(api, path, root, page, { 'settings.threads': '2' });
  assert.equal(stale.status, 412);
  assert.match(stale.html, /It has changed since you read it/);
  const fresh = await visit(api, path, root);
  assert.equal((await submit(api, path, root, fresh, { 'settings.threads': '4' })).location, `/sites/${beta}/settings?said=saved`);
  assert.equal((await api.send('GET', `/sites/${beta}`)).body.settings.threads, 4);
});

test('a value of the environment goes in and never comes out, not even when it is refused', async () => {
  const path = `/sites/${alpha}/environment`;
  const secret = 'correct horse battery';
  const page = await visit(api, path, root);
  const refused = await submit(api, path, root, page, { name: '9TAILS', value: secret });
  assert.equal(refused.status, 422);
  assert.match(refused.html, /9TAILS/);
  assert.doesNotMatch(refused.html, /correct horse/);
  assert.equal((await submit(api, path, root, await visit(api, path, root), { name: 'EMAIL_HOST', value: secret })).status, 303);
  const shown = await visit(api, path, root);
  assert.match(shown.html, /EMAIL_HOST/);
  assert.doesNotMatch(shown.html, /correct horse/);
});

test('a value of several lines is kept with the line ends that were typed, not those that browsers send', async () => {
  const path = `/sites/${alpha}/environment`;
  const key = '-----BEGIN KEY-----\nMIIC\n-----END KEY-----\n';
  assert.equal((await submit(api, path, root, await visit(api, path, root), { name: 'SIGNING_KEY', value: key.replaceAll('\n', '\r\n') })).status, 303);
  const { rows: [row] } = await api.database.pool.query('select env from site where id = $1', [alpha]);
  assert.equal(decryptEnvValue(api.sitesKey, alpha, 'SIGNING_KEY', row.env.SIGNING_KEY), key);
});

test('what one may not see is not there; what one may not do has no button, and is refused', async () => {
  assert.equal((await visit(api, `/sites/${alpha}`, ada)).status, 200);
  for (const path of [`/sites/${beta}`, '/sites/beta', `/sites/${beta}/settings`, `/sites/${beta}/latency.json?hostname=beta.localhost`, '/hostnames/beta.localhost', '/sites/snothere99']) {
    assert.equal((await visit(api, path, ada)).status, 404, path);
  }
  const list = await visit(api, '/sites', ada);
  assert.match(list.html, /alpha\.localhost/);
  assert.doesNotMatch(list.html, /beta/);
  const home = await visit(api, '/', ada);
  assert.equal(home.status, 200);
  assert.doesNotMatch(home.html, /beta/);
  assert.doesNotMatch((await visit(api, `/sites/${alpha}/actions`, ada)).html, /actions\/delete/);
  const page = await visit(api, `/sites/${alpha}/actions/delete`, ada);
  const refused = await submit(api, `/sites/${alpha}/actions/delete`, ada, page, { confirm: 'alpha' });
  assert.equal(refused.status, 403);
  assert.equal((await api.send('GET', '/sites/alpha')).body.status, 'active');
});

test('a list’s search, filter, order and page are in its address', async () => {
  const found = await visit(api, '/sites?q=alp&state=active&sort=-name', root);
  assert.match(found.html, /value="alp"/);
  assert.match(found.html, /<option value="active" selected>/);
  assert.match(found.html, /aria-sort="descending"/);
  assert.ok(found.html.replaceAll('&#x3D;', '=').includes('href="/sites?q=alp&amp;state=active&amp;sort=name"'), 'it turns around, and keeps the rest');
  assert.doesNotMatch(found.html, /beta\.localhost/);
  assert.match((await visit(api, '/sites?q=nobody-has-this', root)).html, /No site is like that/);
  assert.equal((await visit(api, '/sites?state=sad', root)).status, 400);
  assert.equal((await visit(api, '/sites?cursor=nonsense', root)).status, 400);
});

test('a part of a page is asked for without the frame', async () => {
  const { html, headers } = await visit(api, '/sites', root, { 'hx-request': 'true' });
  assert.doesNotMatch(html, /<html|<nav id="nav"/);
  assert.match(html, /id="list"/);
  assert.match(headers.get('vary') ?? '', /hx-request/i);
  const away = await visit(api, '/sites', null, { 'hx-request': 'true' });
  assert.match(away.headers.get('hx-redirect') ?? '', /^\/sign-in/);
});

test('a problem is a page with its request id; programs still get JSON', async () => {
  const lost = await visit(api, '/nothing/<b>here', root);
  assert.equal(lost.status, 404);
  assert.match(lost.html, new RegExp(`<code>${lost.headers.get('x-request-id')}</code>`));
  assert.doesNotMatch(lost.html, /<b>here/);
  const program = await fetch(`${api.url}/nothing`, { headers: { accept: 'application/json' } });
  assert.match(program.headers.get('content-type') ?? '', /problem\+json/);
  const posted = await fetch(`${api.url}/sites/new`, { method: 'POST', headers: { cookie: root.cookie, 'content-type': 'application/json', accept: 'text/html' }, body: '{}' });
  assert.equal(posted.status, 415);
});

test('the stream says once that things changed, however many did', async () => {
  const answer = await fetch(`${api.url}/stream`, { headers: { cookie: root.cookie }, signal: AbortSignal.timeout(60_000) });
  assert.match(answer.headers.get('content-type') ?? '', /event-stream/);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let heard = '';
  const until = async (what: RegExp) => {
    while (!what.test(heard)) {
      const { done, value } = await reader.read();
      assert.ok(!done, heard);
      heard += value;
    }
  };
  await until(/event: ready/);
  const before = heard.length;
  await Promise.all(Array.from({ length: 40 }, () => api.database.pool.query("insert into notice (type, metadata) values ('test.noise', '{}')")));
  await api.database.pool.query("select pg_notify('reeve_notice', '{}')");
  await until(/event: changed/);
  assert.equal(heard.slice(before).match(/event: changed/g)?.length, 1);
  assert.doesNotMatch(heard, /test\.noise/, 'it says that, not what');
  await reader.cancel();
});

test('the stream of somebody who is kept out ends', async () => {
  const eve = await person(api, 'Eve', [{ role: 'viewer' }]);
  const answer = await fetch(`${api.url}/stream`, { headers: { cookie: eve.cookie }, signal: AbortSignal.timeout(60_000) });
  const reader = answer.body!.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /ready/);
  assert.equal((await api.send('PATCH', `/users/${eve.id}`, { body: { state: 'disabled' } })).status, 200);
  const ended = async () => { while (!(await reader.read()).done); };
  await ended().catch((error: Error) => assert.match(error.message, /terminated/));
});

test('the first look at an empty platform leads to the first site', async () => {
  const empty = await startApi();
  try {
    const owner = await person(empty, 'Root', [{ role: 'owner' }]);
    const { html } = await visit(empty, '/', owner);
    assert.match(html, /Create the first site/);
    assert.match(html, /A release is ready/);
    await liveSite(empty, 'alpha');
    assert.doesNotMatch((await visit(empty, '/', owner)).html, /Create the first site/);
  } finally {
    await empty.close();
  }
});

test('a run can be cancelled from its page while it is open', async () => {
  const { body } = await api.send('POST', '/sites/alpha/hostnames', { body: { hostname: 'www.cancelled-toys.org' } });
  const path = `/runs/${body.run.id}`;
  const open = await visit(api, path, root);
  assert.match(open.html, /data-every="1000"/);
  assert.equal((await submit(api, `${path}/cancel`, root, open, {})).location, `${path}?said=cancelled`);
  const ended = await visit(api, `${path}?said=cancelled`, root);
  assert.match(ended.html, /was asked to end/);
});

test('a deletion is none to be cancelled: its request has deleted the site', async () => {
  const site = await liveSite(api, 'going');
  const { status, body } = await api.send('DELETE', `/sites/${site}`, { headers: { 'if-match': '*' } });
  assert.equal(status, 202, JSON.stringify(body));
  const { html } = await visit(api, `/runs/${body.run.id}`, root);
  assert.match(html, /data-every="1000"/);
  assert.doesNotMatch(html, /\/cancel"/);
});
