/** A site's hostnames, as whoever looks after it changes them: the form with all that a browser sends of it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { complete, liveSite, startApi, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { submit, visit, type Visit } from './visit.ts';

let api: TestApi;
let ada: TestPerson;
before(async () => {
  api = await startApi();
  ada = await person(api, 'Ada', [{ role: 'editor', site: await liveSite(api, 'alpha') }]);
});
after(() => api.close());

async function bind(hostname: string): Promise<string> {
  const { body } = await api.send('POST', '/sites/alpha/hostnames', { body: { hostname } });
  await complete(api, body.run.id, [{ table: 'hostname', op: 'update', key: { hostname }, values: { phase: 'bound' } }]);
  return `/hostnames/${hostname}`;
}

/** Save the form that the page shows, these fields chosen otherwise. */
async function save(path: string, chosen: Record<string, string>): Promise<Visit> {
  const page = await visit(api, path, ada);
  const shown = [...page.html.matchAll(/<select id="[^"]*" name="(\w+)"[\s\S]*?<option value="(\w+)" selected>/g)].map(([, name, value]) => [name!, value!]);
  assert.deepEqual(shown.map(([name]) => name), ['role', 'https']);
  return await submit(api, path, ada, page, { ...Object.fromEntries(shown), ...chosen });
}

test('a bound hostname is made the primary one, by a run; so is one that leads to https', async () => {
  const path = await bind('www.alpha-toys.org');
  assert.equal((await save(path, { https: 'redirect' })).location, `${path}?said=hostname-saved`);
  assert.equal((await api.send('GET', path)).body.https, 'redirect');
  const { status, location, html } = await save(path, { role: 'primary' });
  assert.equal(status, 303, html.replace(/<[^>]+>/g, ' '));
  const { body: run } = await api.send('GET', location!);
  assert.deepEqual([run.type, run.input.hostname, run.input.role], ['bindHostname', 'www.alpha-toys.org', 'primary']);
});

test('both at once is refused beside the field that is changed by itself, and neither is done', async () => {
  const path = await bind('shop.alpha-toys.org');
  const { rev } = (await api.send('GET', path)).body;
  const refused = await save(path, { role: 'primary', https: 'redirect' });
  assert.equal(refused.status, 422);
  assert.match(refused.html, /id="e-https">[\s\S]*?Change it by itself/);
  assert.match(refused.html, /<option value="primary" selected>[\s\S]*<option value="redirect" selected>/, 'what was chosen is still chosen');
  const { body } = await api.send('GET', path);
  assert.deepEqual([body.role, body.https, body.rev, body.run], ['alias', 'allow', rev, null]);
});

test('of what is no new primary, both at once are saved; with nothing changed nothing is done, nor said', async () => {
  const path = await bind('old.alpha-toys.org');
  assert.equal((await save(path, { role: 'redirect', https: 'redirect' })).location, `${path}?said=hostname-saved`);
  const { body } = await api.send('GET', path);
  assert.deepEqual([body.role, body.https], ['redirect', 'redirect']);
  assert.equal((await save(path, {})).location, path);
  assert.equal((await api.send('GET', path)).body.rev, body.rev);
});
