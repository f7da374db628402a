/** Signing in elsewhere and coming back, as a browser does it, with a real provider. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { addGrant } from '../../src/database/grants.ts';
import { createTeam } from '../../src/database/teams.ts';
import { createUser, updateUser } from '../../src/database/users.ts';
import { createProvider, type Provider } from '../../src/sign-in/oidc/provider.ts';
import { startApi, SYSTEM, type TestApi } from '../api/harness.ts';
import { type Browser, browser, type Visit } from './browser.ts';
import { codeOf, person } from './people.ts';
import { CLIENT, type Person, startProvider, type TestProvider } from './provider.ts';

/** Where the provider sends people: the API's own port is not known when the provider is told. */
const HERE = 'http://127.0.0.1:9';
let api: TestApi;
let there: TestProvider;
before(async () => {
  there = await startProvider(`${HERE}/sign-in/oidc/callback`);
  const oidc: Provider = createProvider({
    issuer: there.issuer, clientId: CLIENT.id, clientSecret: CLIENT.secret, name: 'Example ID', scope: 'openid email profile', groupsClaim: 'groups',
    teams: new Map([['web', 'Web'], ['ops', 'Ops']]),
  });
  api = await startApi({
    oidc, config: { REEVE_DATABASE_URL: '', REEVE_SITES_SERVER: 'local', REEVE_TEMPORAL_UI: undefined, TEMPORAL_NAMESPACE: 'default', REEVE_URL: HERE },
  });
  await person(api, 'first', { role: 'owner' });
});
after(async () => {
  await api?.close();
  await there?.close();
});
beforeEach(() => api.database.pool.query('truncate sign_in_attempt'));

const ada = (more: Partial<Person> = {}): Person => ({ sub: 'ada-there', email: 'ada@example.org', email_verified: true, name: 'Ada', ...more });
const invite = (email: string) => createUser(api.database.pool, { email, name: email, actor: SYSTEM });

/** There, as somebody; the address with which they would come back, not asked for yet. */
async function goThere(who: Browser, as: Person | null): Promise<string> {
  there.comes(as);
  const back = await who.open(`${api.url}/sign-in/oidc?next=/sign-in/device`, /127\.0\.0\.1:9\//);
  return back.url.replace(HERE, api.url);
}

async function comeIn(who: Browser, as: Person | null): Promise<Visit> {
  return await who.open(await goThere(who, as));
}

async function me(who: Browser): Promise<string | null> {
  const { status, text } = await who.ask(`${api.url}/api/v1/me`);
  return status === 200 ? (JSON.parse(text).user.email as string) : null;
}

const says = ({ status, text }: Visit, expected: number, words: RegExp) => {
  assert.equal(status, expected, text.slice(0, 500));
  assert.match(text.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' '), words);
};

const teamsOf = async (email: string) => (await api.send('GET', `/users/${email}`)).body.teams.map(({ name }: { name: string }) => name);

describe('somebody invited', () => {
  test('comes in by their verified e-mail, is active, and goes on to where they wanted', async () => {
    await invite('ada@example.org');
    says(await browser().open(`${api.url}/sign-in`), 200, /Sign in with Example ID/);
    const who = browser();
    const page = await comeIn(who, ada());
    assert.equal(new URL(page.url).pathname, '/sign-in/device');
    assert.equal(await me(who), 'ada@example.org');
    assert.equal((await api.send('GET', '/users/ada@example.org')).body.state, 'active');
  });

  test('is known by issuer and subject afterwards, whatever their e-mail is there', async () => {
    const who = browser();
    await comeIn(who, ada({ email: 'ada.l@elsewhere.example' }));
    assert.equal(await me(who), 'ada@example.org');
  });

  test('somebody else with the same e-mail there is not them', async () => {
    const who = browser();
    says(await comeIn(who, ada({ sub: 'another' })), 403, /signs in there as somebody else already/);
    assert.equal(await me(who), null);
  });
});

describe('is refused', () => {
  test('whom nobody invited', async () => {
    const who = browser();
    says(await comeIn(who, ada({ sub: 'stranger', email: 'stranger@example.org' })), 403, /Nobody has invited stranger@example\.org here/);
    assert.equal(await me(who), null);
  });

  test('whose e-mail is not verified', async () => {
    await invite('unsure@example.org');
    says(await comeIn(browser(), ada({ sub: 'unsure', email: 'unsure@example.org', email_verified: false })), 403, /has not verified that unsure@example\.org is yours/);
    assert.equal((await api.send('GET', '/users/unsure@example.org')).body.state, 'invited');
  });

  test('whoever is disabled here', async () => {
    const { id, email } = await person(api, 'gone');
    await updateUser(api.database.pool, id, { state: 'disabled' }, SYSTEM);
    says(await comeIn(browser(), ada({ sub: 'gone', email })), 403, /Your account here is disabled/);
  });

  test('whoever cancels there', async () => {
    says(await comeIn(browser(), null), 403, /Signing in was cancelled there/);
  });
});

describe('a way back', () => {
  test('is good once', async () => {
    const who = browser();
    const back = await goThere(who, ada());
    const kept = who.cookie(api.url, 'reeve_oidc')!;
    await who.open(back);
    assert.equal(await me(who), 'ada@example.org');
    const other = browser();
    other.setCookie(api.url, 'reeve_oidc', kept);
    says(await other.open(back), 403, /was used before/);
    assert.equal(await me(other), null);
  });

  test('is of the browser that went there: a link that somebody sends signs nobody in', async () => {
    const back = await goThere(browser(), ada());
    const victim = browser();
    says(await victim.open(back), 403, /not begun in this browser/);
    assert.equal(await me(victim), null);
  });

  test('with a state of its own making, or none, is none', async () => {
    const who = browser();
    const back = new URL(await goThere(who, ada()));
    for (const state of ['made-up', '']) {
      back.searchParams.set('state', state);
      says(await who.open(back.href), 403, /sign in from the start/);
    }
    assert.equal(await me(who), null);
  });

  test('with somebody else’s answer in it is refused', async () => {
    const [mine, theirs] = [browser(), browser()];
    const [back, other] = [new URL(await goThere(mine, ada())), new URL(await goThere(theirs, ada({ sub: 'eve', email: 'eve@example.org' })))];
    back.searchParams.set('code', other.searchParams.get('code')!);
    says(await mine.open(back.href), 403, /begin again/);
    assert.equal(await me(mine), null);
  });

  test('that took too long says so', async () => {
    const who = browser();
    const back = await goThere(who, ada());
    await api.database.pool.query('update oidc_sign_in set ends_at = clock_timestamp()');
    says(await who.open(back), 403, /took too long/);
  });
});

test('nobody fills the database by beginning again and again', async () => {
  await api.database.pool.query('truncate sign_in_attempt, oidc_sign_in');
  const statuses = [];
  for (let i = 0; i < 64; i++) statuses.push((await browser().ask(`${api.url}/sign-in/oidc`)).status);
  const { rows } = await api.database.pool.query('select count(*)::int as n from oidc_sign_in');
  assert.ok(statuses.at(-1) === 429 && rows[0].n < 64, `${statuses} ${rows[0].n}`);
  await api.database.pool.query('truncate sign_in_attempt, oidc_sign_in');
});

test('whoever has set up codes here is asked for one here too', async () => {
  const grace = await person(api, 'grace', { totp: true });
  const who = browser();
  const page = await comeIn(who, ada({ sub: 'grace', email: grace.email }));
  assert.equal(new URL(page.url).pathname, '/sign-in/code');
  assert.equal(await me(who), null);
  await who.send(page, '/sign-in/code', { code: codeOf(grace) });
  assert.equal(await me(who), grace.email);
});

test('groups there are teams here, from one time to the next; other teams are left alone, and the last owner stays one', async () => {
  const { pool } = api.database;
  const [web, ops] = [await createTeam(pool, 'Web', SYSTEM), await createTeam(pool, 'Ops', SYSTEM)];
  await createTeam(pool, 'Others', SYSTEM);
  await api.send('POST', '/teams/Others/members', { body: { user: 'ada@example.org' } });
  await comeIn(browser(), ada({ groups: ['web', 'unknown'] }));
  assert.deepEqual(await teamsOf('ada@example.org'), ['Others', 'Web']);
  await comeIn(browser(), ada({ groups: ['ops'] }));
  assert.deepEqual(await teamsOf('ada@example.org'), ['Ops', 'Others']);
  // Through that team alone there is an owner.
  await addGrant(pool, { team: ops, role: 'owner', actor: SYSTEM });
  await pool.query(`delete from "grant" where user_id is not null`);
  const who = browser();
  await comeIn(who, ada({ groups: [] }));
  assert.equal(await me(who), 'ada@example.org');
  assert.deepEqual(await teamsOf('ada@example.org'), ['Ops', 'Others']);
  assert.ok(web);
});
