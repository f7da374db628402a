/** One's own account, as a browser goes through it: real forms on a real API. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createSession } from '../../src/database/sessions.ts';
import { setPassword } from '../../src/database/users.ts';
import { hashPassword } from '../../src/sign-in/passwords.ts';
import { liveSite, startApi, SYSTEM, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { codeOf, PASSWORD } from '../sign-in/people.ts';
import { submit, visit, type Visit } from './visit.ts';

let api: TestApi;
let alpha: string;
before(async () => {
  api = await startApi();
  alpha = await liveSite(api, 'alpha');
  await liveSite(api, 'beta');
});
after(() => api.close());
beforeEach(() => api.database.pool.query('truncate sign_in_attempt'));

/** Somebody with PASSWORD. */
async function somebody(name: string, grants: Parameters<typeof person>[2] = []): Promise<TestPerson> {
  const who = await person(api, name, grants);
  await setPassword(api.database.pool, who.id, await hashPassword(PASSWORD), SYSTEM);
  return who;
}

/** Send a form of that page. */
const send = async (who: TestPerson, at: string, to: string, fields: Record<string, string> = {}): Promise<Visit> => submit(api, to, who, await visit(api, at, who), fields);
const words = ({ html }: Visit): string => html.slice(html.indexOf('<main')).replace(/<[^>]+>/g, ' ').replace(/&#x27;/g, '’').replace(/\s+/g, ' ');
const wrongAt = (page: Visit, field: string, why: RegExp) => assert.match(new RegExp(`id="e-${field}">[\\s\\S]*?</p>`).exec(page.html)?.[0].replace(/<[^>]+>/g, '') ?? words(page), why);
const signIn = (email: string, password: string, code?: string) => api.send('POST', '/sign-in/token', { token: null, body: { email, password, name: 'test', code } });
const isIn = async (cookie: string) => (await api.send('GET', '/me', { token: null, headers: { cookie } })).status === 200;

test('a name is changed; one that is none comes back as it was typed', async () => {
  const ada = await somebody('Ada', [{ role: 'editor', site: alpha, endsAt: new Date(Date.now() + 3 * 86_400_000) }]);
  const page = await visit(api, '/account', ada);
  assert.match(words(page), /Editor alpha in [23] d yourself/);
  const refused = await submit(api, '/account', ada, page, { name: 'x'.repeat(101) });
  assert.equal(refused.status, 422);
  wrongAt(refused, 'name', /100 characters/);
  assert.match(refused.html, new RegExp(`value="${'x'.repeat(101)}"`));
  assert.equal((await send(ada, '/account', '/account', { name: 'Ada Lovelace' })).location, '/account?said=saved');
  assert.match(words(await visit(api, '/account?said=saved', ada)), /Saved\. Account Ada Lovelace/);
});

test('whoever was given nothing has an account, and no other page', async () => {
  const zero = await person(api, 'Zero');
  for (const path of ['/account', '/account/password', '/account/codes', '/account/sessions', '/account/tokens', '/account/tokens/new']) assert.equal((await visit(api, path, zero)).status, 200, path);
  assert.match(words(await visit(api, '/account', zero)), /Nothing was given to you yet/);
  assert.match(words(await visit(api, '/account/password', zero)), /You have no password here/);
  assert.equal((await visit(api, '/people', zero)).status, 403);
});

test('a password is changed by whoever knows the old one; the others are out, this session goes on', async () => {
  const bob = await somebody('Bob');
  const other = (await createSession(api.database.pool, { user: bob.id, name: 'Bob', address: '192.0.2.1', agent: 'x', secure: false })).cookie.split(';')[0]!;
  const [path, next] = ['/account/password', 'seven green umbrellas sing'];
  const wrong = await send(bob, path, path, { current: 'not the one at all', password: next });
  assert.equal(wrong.status, 422);
  wrongAt(wrong, 'current', /Is not your password/);
  const weak = await send(bob, path, path, { current: PASSWORD, password: 'password1234' });
  assert.equal(weak.status, 422);
  wrongAt(weak, 'password', /guess/);
  for (const page of [wrong, weak]) assert.doesNotMatch(page.html, /umbrellas|octopus|not the one|password1234/, 'what was typed is nowhere');
  assert.ok(await isIn(other));
  assert.equal((await send(bob, path, path, { current: PASSWORD, password: next })).location, `${path}?said=password-changed`);
  assert.deepEqual([await isIn(bob.cookie), await isIn(other)], [true, false]);
  assert.equal((await signIn(bob.email, PASSWORD)).status, 401);
  assert.equal((await signIn(bob.email, next)).status, 201);
});

test('one-time codes: begun by the password, shown as a picture and as letters, on with the first code, off with another', async () => {
  const eve = await somebody('Eve');
  const path = '/account/codes';
  const wrong = await send(eve, path, path, { password: 'not the one at all' });
  wrongAt(wrong, 'password', /Is not your password/);
  assert.equal((await send(eve, path, path, { password: PASSWORD })).location, path);
  const waiting = await visit(api, path, eve);
  const secret = /id="secret"[^>]*>([A-Z2-7 ]+)</.exec(waiting.html)![1]!.replaceAll(' ', '');
  const svg = Buffer.from(/src="data:image\/svg\+xml;base64,([^"]+)"/.exec(waiting.html)![1]!, 'base64').toString();
  assert.match(svg, /^<svg[\s\S]*<path/);
  assert.equal((await signIn(eve.email, PASSWORD)).status, 201, 'not asked for before a code has shown that the app has it');

  const confirm = (code: string) => send(eve, path, `${path}/confirm`, { code });
  const bad = await confirm('000000' === codeOf({ secret }) ? '111111' : '000000');
  assert.equal(bad.status, 422);
  assert.ok(bad.html.includes('id="secret"'), 'the picture is still there');
  const page = await visit(api, path, eve);
  const on = await submit(api, `${path}/confirm`, eve, page, { code: codeOf({ secret }) });
  const codes = codesIn(on);
  assert.equal(codes.length, 10);
  const twice = await submit(api, `${path}/confirm`, eve, page, { code: codeOf({ secret }) });
  assert.equal(twice.status, 409);
  assert.match(words(twice), /was done already; its answer was shown once/i);
  assert.match(words(await visit(api, path, eve)), /One-time codes are on.*10 left/);
  assert.ok(!(await visit(api, path, eve)).html.includes(codes[0]!));
  assert.equal((await signIn(eve.email, PASSWORD)).body.codeNeeded, true);
  assert.equal((await signIn(eve.email, PASSWORD, codes[0])).status, 201);

  const renewed = codesIn(await send(eve, `${path}/recovery`, `${path}/recovery`, { code: codes[1]! }));
  assert.equal(renewed.length, 10);
  assert.equal((await signIn(eve.email, PASSWORD, codes[2])).status, 401, 'those before are good no more');
  const no = await send(eve, `${path}/off`, `${path}/off`, { code: codes[3]! });
  assert.equal(no.status, 422);
  wrongAt(no, 'code', /not right, or was used already/);
  assert.equal((await send(eve, `${path}/off`, `${path}/off`, { code: renewed[0]! })).location, `${path}?said=codes-off`);
  assert.equal((await signIn(eve.email, PASSWORD)).status, 201);
});

const codesIn = ({ html }: Visit): string[] => /id="codes"[^>]*>([^<]+)</.exec(html)?.[1]?.trim().split(/\s+/) ?? [];

test('sessions say where one is signed in; one of them is ended, or all the others', async () => {
  const kim = await person(api, 'Kim');
  const lee = await person(api, 'Lee');
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
  const [one, two, three] = await Promise.all([1, 2, 3].map((n) => createSession(api.database.pool, { user: kim.id, name: 'Kim', address: `192.0.2.${n}`, agent: firefox, secure: false })));
  const path = '/account/sessions';
  const page = await visit(api, path, kim);
  assert.match(words(page), /This one.*Firefox 140 on Linux from 192\.0\.2\.\d/);
  const shown = [...page.html.matchAll(/name="session" value="(\w+)"/g)].map(([, id]) => id).sort();
  assert.deepEqual(shown, [one!.id, two!.id, three!.id].sort(), 'one’s own has no button');
  assert.equal((await submit(api, `${path}/end`, kim, page, { session: one!.id })).location, `${path}?said=session-ended`);
  const again = await send(kim, path, `${path}/end`, { session: one!.id });
  assert.equal(again.status, 404);
  assert.match(words(again), /You have no session/);
  assert.equal((await send(kim, path, `${path}/end`, { session: lee.session })).status, 404);
  assert.equal((await send(kim, path, `${path}/end-others`)).location, `${path}?said=sessions-ended`);
  assert.deepEqual([await isIn(kim.cookie), await isIn(two!.cookie.split(';')[0]!), await isIn(lee.cookie)], [true, false, true]);
});

test('a token is made for some sites, some actions and a time; shown once, listed, and revoked', async () => {
  const sue = await person(api, 'Sue', [{ role: 'owner' }]);
  const path = '/account/tokens/new';
  const boxes = Object.fromEntries([...(await visit(api, path, sue)).html.matchAll(/name="(may\.\d+)" value="([a-z:-]+)"/g)].map(([, name, action]) => [action!, name!]));
  const fields = { name: 'deploy', role: 'editor', sites: 'alpha\nbeta', expiresAt: '2099-01-31T17:00', [boxes['site:read']!]: 'site:read', [boxes['env:write']!]: 'env:write' };
  const made = await send(sue, path, path, fields);
  assert.equal(made.status, 200, words(made));
  const token = /id="token"[^>]*>(reeve_[\w-]{43})</.exec(made.html)![1]!;
  const list = await visit(api, '/account/tokens', sue);
  assert.ok(!list.html.includes(token));
  assert.match(words(list), /deploy Editor, 2 actions of it on (alpha, beta|beta, alpha) .* in \d+ d .* never/);
  assert.equal((await api.send('PUT', '/sites/alpha/env', { body: { A: '1' }, token })).status, 200);
  assert.equal((await api.send('POST', '/sites/alpha/suspend', { token })).status, 403);
  const which = /name="which" value="(\w+)"/.exec(list.html)![1]!;
  assert.equal((await submit(api, '/account/tokens/revoke', sue, list, { which })).location, '/account/tokens?said=token-revoked');
  assert.equal((await api.send('GET', '/me', { token })).status, 401);
});

test('what is wrong with a token comes back beside its field, ticks and all', async () => {
  const tim = await person(api, 'Tim', [{ role: 'editor', site: alpha }]);
  const path = '/account/tokens/new';
  const page = await visit(api, path, tim);
  const box = /name="(may\.\d+)" value="token:read"/.exec(page.html)![1]!;
  const unseen = await submit(api, path, tim, page, { name: 'ci', role: 'editor', sites: 'alpha\nbeta', expiresAt: '', [box]: 'token:read' });
  assert.equal(unseen.status, 404);
  wrongAt(unseen, 'sites', /There is no site beta/);
  assert.match(unseen.html, /<textarea id="f-sites"[^>]*>alpha\nbeta</);
  assert.match(unseen.html, new RegExp(`name="${box}" value="token:read" checked`));
  assert.match(unseen.html, /<option value="editor" selected>/);
  const past = await send(tim, path, path, { name: 'ci', role: 'editor', expiresAt: '2020-01-01T00:00' });
  assert.equal(past.status, 422);
  wrongAt(past, 'expiresAt', /Has passed/);
  wrongAt(await send(tim, path, path, { name: 'ci', role: 'editor', expiresAt: 'friday' }), 'expiresAt', /a day and a time/);
  wrongAt(await send(tim, path, path, { name: '', role: 'editor' }), 'name', /./);
  assert.match(words(await visit(api, '/account/tokens', tim)), /No token/, 'nothing was made');
});

test('one signs out on one’s account', async () => {
  const ron = await person(api, 'Ron');
  assert.equal((await send(ron, '/account', '/sign-out')).location, '/sign-in');
  assert.equal(await isIn(ron.cookie), false);
});
