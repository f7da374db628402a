/** The way in, as a browser goes it: real pages of a real API on a real database. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createSession, SESSION_COOKIE } from '../../src/database/sessions.ts';
import { storeRecoveryCodes } from '../../src/database/sign-in/codes.ts';
import { removeUser, updateUser } from '../../src/database/users.ts';
import { newRecoveryCodes } from '../../src/sign-in/recovery-codes.ts';
import { startApi, SYSTEM, type TestApi } from '../api/harness.ts';
import { type Browser, browser, type Visit } from './browser.ts';
import { codeOf, PASSWORD, person } from './people.ts';

let api: TestApi;
before(async () => {
  api = await startApi();
  await person(api, 'first', { role: 'owner' });
});
after(() => api?.close());
beforeEach(() => api.database.pool.query('truncate sign_in_attempt'));

/** Send the form of signing in. */
async function signIn(who: Browser, email: string, password = PASSWORD, next = '/sign-in/device'): Promise<Visit> {
  const page = await who.open(`${api.url}/sign-in?next=${encodeURIComponent(next)}`);
  return await who.send(page, '/sign-in', { email, password });
}

/** Whose session the browser has; null when nobody's. */
async function me(who: Browser): Promise<string | null> {
  const { status, text } = await who.ask(`${api.url}/api/v1/me`);
  return status === 200 ? (JSON.parse(text).user.email as string) : null;
}

async function session(email: string): Promise<Browser> {
  const who = browser();
  await signIn(who, email);
  assert.equal(await me(who), email);
  return who;
}

const says = ({ status, text }: Visit, expected: number, words: RegExp) => {
  assert.equal(status, expected, text.slice(0, 500));
  assert.match(text.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' '), words);
};

describe('by password', () => {
  test('right: a session, and on to where they wanted to go', async () => {
    await person(api, 'ada');
    const who = browser();
    const page = await signIn(who, ' Ada@Example.org ');
    assert.equal(new URL(page.url).pathname, '/sign-in/device');
    assert.equal(page.status, 200);
    assert.equal(await me(who), 'ada@example.org');
  });

  test('the cookie is for the browser’s eyes alone', async () => {
    const who = browser();
    const page = await who.open(`${api.url}/sign-in`);
    const body = new URLSearchParams({ email: 'ada@example.org', password: PASSWORD }).toString();
    const answer = await who.ask(new URL('/sign-in', page.url).href, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    assert.equal(answer.status, 303);
    const cookie = answer.headers.getSetCookie().find((each) => each.startsWith(SESSION_COOKIE))!;
    assert.match(cookie, /; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test('wrong, or of nobody: the same words, the e-mail still there, the password not', async () => {
    for (const [email, password] of [['ada@example.org', 'paul the octopuss'], ['nobody@example.org', PASSWORD]] as const) {
      const page = await signIn(browser(), email, password);
      says(page, 401, /The e-mail or the password is wrong\./);
      assert.match(page.text, new RegExp(`value="${email}"`));
      assert.doesNotMatch(page.text, new RegExp(password));
    }
  });

  test('a refusal of somebody who is here is in the audit, under nobody’s name', async () => {
    const { rows } = await api.database.pool.query(`select actor, after from audit where action = 'sign-in.refused'`);
    assert.equal(rows.length, 1);
    assert.deepEqual(rows[0].after, { wrong: 'password' });
    assert.equal(rows[0].actor.id, 'anyone');
  });

  test('nobody is led elsewhere', async () => {
    for (const next of ['//elsewhere.example', 'https://elsewhere.example', '/\\elsewhere.example', 'javascript:alert(1)']) {
      const who = browser();
      const page = await who.open(`${api.url}/sign-in?next=${encodeURIComponent(next)}`);
      const answer = await who.send(page, '/sign-in', { email: 'ada@example.org', password: PASSWORD }, /./);
      assert.equal(answer.url, `${api.url}/`);
    }
  });

  test('too many wrong ones: it says how long to wait, and the right one waits too', async () => {
    await person(api, 'bob');
    for (let i = 0; i < 5; i++) await signIn(browser(), 'bob@example.org', 'wrong wrong wrong');
    await api.database.pool.query(`update sign_in_attempt set failures = 50, at = clock_timestamp() where key like 'account:%'`);
    says(await signIn(browser(), 'bob@example.org'), 429, /Too many attempts: wait \d+ s, then try again/);
  });

  test('a browser they were in before is not kept out by what strangers do', async () => {
    await person(api, 'carol');
    const home = await session('carol@example.org');
    await signIn(browser(), 'carol@example.org', 'wrong wrong wrong');
    await api.database.pool.query(`update sign_in_attempt set failures = 50, at = clock_timestamp() where key like 'account:%'`);
    says(await signIn(browser(), 'carol@example.org'), 429, /wait/);
    await home.send(await home.open(`${api.url}/sign-in/device`), '/sign-out');
    assert.equal(await me(home), null);
    await signIn(home, 'carol@example.org');
    assert.equal(await me(home), 'carol@example.org');
  });

  test('a disabled person is nobody', async () => {
    const { id } = await person(api, 'dave');
    await updateUser(api.database.pool, id, { state: 'disabled' }, SYSTEM);
    says(await signIn(browser(), 'dave@example.org'), 401, /is wrong/);
  });
});

describe('forms of other sites', () => {
  test('nobody is signed in by one', async () => {
    const answer = await browser().ask(`${api.url}/sign-in`, {
      method: 'POST', body: new URLSearchParams({ email: 'ada@example.org', password: PASSWORD }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site', origin: 'https://elsewhere.example' },
    });
    says(answer, 403, /did not come from a page of this platform/);
    assert.equal(answer.headers.getSetCookie().length, 0);
  });

  test('nobody is signed out by one', async () => {
    const who = await session('ada@example.org');
    const answer = await who.ask(`${api.url}/sign-out`, { method: 'POST', body: '', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    says(answer, 403, /did not come from a page of this session/);
    assert.equal(await me(who), 'ada@example.org');
  });
});

describe('sessions', () => {
  test('a planted one becomes nobody’s: signing in makes a new one and ends the old', async () => {
    const { id } = await person(api, 'mallory');
    const { cookie } = await createSession(api.database.pool, { user: id, name: 'mallory', address: undefined, agent: undefined, secure: false });
    const planted = /=([\w-]+)/.exec(cookie)![1]!;
    const [victim, attacker] = [browser(), browser()];
    for (const each of [victim, attacker]) each.setCookie(api.url, SESSION_COOKIE, planted);
    assert.equal(await me(attacker), 'mallory@example.org');
    const body = new URLSearchParams({ email: 'ada@example.org', password: PASSWORD }).toString();
    await victim.ask(`${api.url}/sign-in`, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    assert.equal(await me(victim), 'ada@example.org');
    assert.notEqual(victim.cookie(api.url, SESSION_COOKIE), planted);
    assert.equal(await me(attacker), null);
  });

  test('out is out, also for whoever copied the cookie', async () => {
    const who = await session('ada@example.org');
    const copy = browser();
    copy.setCookie(api.url, SESSION_COOKIE, who.cookie(api.url, SESSION_COOKIE)!);
    const page = await who.send(await who.open(`${api.url}/sign-in/device`), '/sign-out');
    says(page, 200, /Sign in/);
    assert.deepEqual([await me(who), await me(copy)], [null, null]);
  });

  test('whoever is disabled or removed is out at once', async () => {
    for (const [name, end] of [
      ['erin', (id: string) => updateUser(api.database.pool, id, { state: 'disabled' }, SYSTEM)], ['frank', (id: string) => removeUser(api.database.pool, id, SYSTEM)],
    ] as const) {
      const { id, email } = await person(api, name);
      const who = await session(email);
      await end(id);
      // Told by NOTIFY: not in the same breath where it was done by another process.
      for (let i = 0; i < 600 && (await me(who)) !== null; i++) await new Promise((resolve) => setTimeout(resolve, 50));
      const page = await who.open(`${api.url}/sign-in/device`);
      assert.equal(new URL(page.url).pathname, '/sign-in', name);
    }
  });
});

describe('one-time codes', () => {
  test('a code is asked for, taken once, and the page behind it opens', async () => {
    const grace = await person(api, 'grace', { totp: true });
    const [who, other] = [browser(), browser()];
    const page = await signIn(who, grace.email);
    assert.equal(new URL(page.url).pathname, '/sign-in/code');
    assert.equal(await me(who), null);
    says(await who.send(page, '/sign-in/code', { code: '000000' === codeOf(grace) ? '111111' : '000000' }), 401, /That code is not right/);
    const code = codeOf(grace);
    assert.equal(new URL((await who.send(page, '/sign-in/code', { code })).url).pathname, '/sign-in/device');
    assert.equal(await me(who), grace.email);
    // Whoever looked over the shoulder comes too late with it; the next one is good.
    const again = await signIn(other, grace.email);
    says(await other.send(again, '/sign-in/code', { code }), 401, /was used already/);
    await other.send(again, '/sign-in/code', { code: codeOf(grace, 1) });
    assert.equal(await me(other), grace.email);
  });

  test('a recovery code is good once', async () => {
    const heidi = await person(api, 'heidi', { totp: true });
    const [code] = newRecoveryCodes(1);
    await storeRecoveryCodes(api.database.pool, heidi.id, [code!.hash]);
    const who = browser();
    await who.send(await signIn(who, heidi.email), '/sign-in/code', { code: code!.text.toUpperCase() });
    assert.equal(await me(who), heidi.email);
    const other = browser();
    says(await other.send(await signIn(other, heidi.email), '/sign-in/code', { code: code!.text }), 401, /used already/);
  });

  test('without a password first there is no code to ask for, and a forged ticket is none', async () => {
    const who = browser();
    who.setCookie(api.url, 'reeve_code', `${Buffer.from('{"user":"u0123456789","endsAt":9e15}').toString('base64url')}.${'x'.repeat(43)}`);
    assert.equal(new URL((await who.open(`${api.url}/sign-in/code`)).url).pathname, '/sign-in');
  });
});
