import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startApi, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { submit, visit } from './visit.ts';

let api: TestApi;
let root: TestPerson;
before(async () => {
  api = await startApi();
  root = await person(api, 'Root', [{ role: 'owner' }]);
});
after(() => api.close());

const settings = async () => (await api.send('GET', '/settings')).body;
const read = () => visit(api, '/settings', root);
/** The fields of the form of one group, as the page has them. */
function fieldsOf(html: string, group: string): Record<string, string> {
  const form = new RegExp(`<form[^>]* id="${group}">[\\s\\S]*?</form>`).exec(html)![0];
  const inputs = [...form.matchAll(/<input [^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)].map(([, name, value]) => [name!, value!]);
  const texts = [...form.matchAll(/<textarea [^>]*name="([^"]*)"[^>]*>([^<]*)</g)].map(([, name, value]) => [name!, value!]);
  const choices = [...form.matchAll(/<select [^>]*name="([^"]*)"[\s\S]*?<option value="([^"]*)" selected/g)].map(([, name, value]) => [name!, value!]);
  return Object.fromEntries([...inputs, ...texts, ...choices]);
}

test('each group saved as it was shown changes nothing', async () => {
  const before = await settings();
  for (const [, group] of (await read()).html.matchAll(/class="card stack broad" id="(\w+)"/g)) {
    const { html } = await read();
    const done = await submit(api, '/settings', root, null, fieldsOf(html, group!));
    assert.equal(done.location, '/settings?said=saved', `${group}: ${done.html.match(/role="alert"[\s\S]*?<\/div>/)?.[0]}`);
  }
  assert.deepEqual({ ...(await settings()), alertNetworks: [] }, { ...before, alertNetworks: [] });
});

test('shares are percentages, lists are lines, and what is empty does not count', async () => {
  const { html } = await read();
  await submit(api, '/settings', root, null, { ...fieldsOf(html, 'scaling'), 'scaling.targets.cpu': '12.5', 'scaling.targets.memory': '', 'scaling.max': '7' });
  await submit(api, '/settings', root, null, { ...fieldsOf((await read()).html, 'addresses'), trustedProxies: '10.0.0.0/8\n fd00::/8 ' });
  const { scaling, trustedProxies } = await settings();
  assert.deepEqual([scaling.targets.cpu, scaling.targets.memory, scaling.max, trustedProxies], [0.125, null, 7, ['10.0.0.0/8', 'fd00::/8']]);
});

test('what contradicts is said beside its field, with what was typed', async () => {
  const { html } = await read();
  const refused = await submit(api, '/settings', root, null, { ...fieldsOf(html, 'scaling'), 'scaling.min': '9', 'scaling.max': '3' });
  assert.equal(refused.status, 422);
  assert.match(refused.html, /id="e-scaling.min"[\s\S]*?more than max, which is 3/);
  assert.equal(fieldsOf(refused.html, 'scaling')['scaling.max'], '3');
  const wrong = await submit(api, '/settings', root, null, { ...fieldsOf(html, 'addresses'), trustedProxies: 'everyone' });
  assert.match(wrong.html, /e-trustedProxies|must be like 10\.0\.0\.0\/8/i);
});

test('another’s change is not overwritten', async () => {
  const { html } = await read();
  await api.send('PATCH', '/settings', { headers: { 'if-match': '*' }, body: { publicPort: 8099 } });
  const stale = await submit(api, '/settings', root, null, { ...fieldsOf(html, 'health'), 'health.slowMs': '900' });
  assert.equal(stale.status, 412);
  assert.notEqual((await settings()).health.slowMs, 900);
});

test('the platform is paused and resumed', async () => {
  const page = await read();
  assert.equal((await submit(api, '/settings/pause', root, page, {})).location, '/settings?said=paused');
  assert.equal((await api.send('GET', '/platform')).body.paused, true);
  const paused = await read();
  assert.match(paused.html, /does nothing about incidents until it is resumed/);
  assert.equal((await submit(api, '/settings/resume', root, paused, {})).location, '/settings?said=resumed');
});

test('a channel is added, tested, changed and removed; its secret never comes back', async () => {
  const secret = 'a-secret-of-some-length';
  const page = await visit(api, '/settings/alerts/new/webhook', root);
  const fields = { name: 'On call', 'config.url': 'https://hooks.example.org/x', 'config.secret': secret, 'routing.severities.critical': 'on', 'routing.subjects': 'site:*' };
  const short = await submit(api, '/settings/alerts/new/webhook', root, page, { ...fields, 'config.secret': 'short' });
  assert.equal(short.status, 422);
  assert.match(short.html, /id="e-config.secret"/);
  assert.ok(!short.html.includes('value="short"'));
  const made = await submit(api, '/settings/alerts/new/webhook', root, page, { ...fields, _key: 'form-another' });
  const path = made.location!.replace(/\?.*/, '');
  const channel = await visit(api, path, root);
  assert.ok(!channel.html.includes(secret));
  const { body: { items: [found] } } = await api.send('GET', '/alerts/channels');
  assert.deepEqual([found.name, found.routing], ['On call', { severities: ['critical'], subjects: ['site:*'] }]);
  assert.equal((await submit(api, `${path}/test`, root, channel, {})).location, `${path}?said=tested`);
  assert.match((await visit(api, '/settings/alerts', root)).html, /On call[\s\S]*Pending/i);
  const changed = { _csrf: root.csrf, rev: String(found.rev), name: 'Nights', 'routing.severities.warning': 'on', 'routing.subjects': '', 'config.url': '' };
  assert.equal((await submit(api, path, root, null, changed)).location, `${path}?said=saved`);
  const { body: after } = await api.send('GET', `/alerts/channels/${found.id}`);
  assert.deepEqual([after.name, after.enabled, after.target], ['Nights', false, 'https://hooks.example.org']);
  const kept = await submit(api, `${path}/remove`, root, null, { _csrf: root.csrf, rev: String(after.rev), confirm: 'On call' });
  assert.equal(kept.status, 422);
  assert.equal((await submit(api, `${path}/remove`, root, null, { _csrf: root.csrf, rev: String(after.rev), confirm: 'Nights' })).location, '/settings/alerts?said=channel-removed');
  assert.equal((await visit(api, path, root)).status, 404);
  assert.equal((await visit(api, '/settings/alerts/new/pigeon', root)).status, 404);
});
