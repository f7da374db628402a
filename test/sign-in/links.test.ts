/** Links that are good once, the first owner, and command lines that are let in. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createLink } from '../../src/database/one-time-links.ts';
import { translated } from '../../src/database/errors.ts';
import { createToken } from '../../src/database/tokens.ts';
import { createUser } from '../../src/database/users.ts';
import { changePassword } from '../../src/sign-in/account.ts';
import { firstOwnerLink } from '../../src/sign-in/first-owner.ts';
import { mailReceiver, type MailReceiver } from '../alerts/receiver.ts';
import { startApi, SYSTEM, type TestApi } from '../api/harness.ts';
import { type Browser, browser, type Visit } from './browser.ts';
import { PASSWORD, person } from './people.ts';

const URL_OF = 'https://reeve.example.org';
let api: TestApi;
before(async () => {
  api = await startApi({ config: { REEVE_DATABASE_URL: '', REEVE_SITES_SERVER: 'local', REEVE_TEMPORAL_UI: undefined, TEMPORAL_NAMESPACE: 'default', REEVE_URL: URL_OF } });
});
after(() => api?.close());
beforeEach(() => api.database.pool.query('truncate sign_in_attempt'));

const says = ({ status, text }: Visit, expected: number, words: RegExp) => {
  assert.equal(status, expected, text.slice(0, 500));
  assert.match(text.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' '), words);
};

async function me(who: Browser): Promise<{ email: string; role: string | null } | null> {
  const { status, text } = await who.ask(`${api.url}/api/v1/me`);
  const found = status === 200 ? JSON.parse(text) : null;
  return found && { email: found.user.email, role: found.role };
}

async function signIn(email: string, password = PASSWORD): Promise<{ who: Browser; page: Visit }> {
  const who = browser();
  const page = await who.send(await who.open(`${api.url}/sign-in?next=/sign-in/device`), '/sign-in', { email, password });
  return { who, page };
}

describe('the first owner', () => {
  const fields = { email: 'Owner@Example.org', name: 'Olga', password: PASSWORD };

  test('whoever has no proof is not', async () => {
    const who = browser();
    const page = await who.open(`${api.url}/sign-in`);
    assert.equal(new URL(page.url).pathname, '/first-owner');
    says(await who.send(page, '/first-owner', { ...fields, token: 'reeve_aaaaaaaaaaaaaaaaaaaaaaaa' }), 401, /not the token of an owner/);
    const forged = await who.open(`${api.url}/first-owner?ticket=made.up`);
    says(await who.send(forged, '/first-owner', fields), 401, /This link has ended/);
    const viewer = await api.tokenOf('viewer');
    says(await who.send(page, '/first-owner', { ...fields, token: viewer }), 401, /not the token of an owner/);
  });

  test('a bad password leaves all as it is, a good one makes an owner who is in; the form sent twice makes no other', async () => {
    const who = browser();
    const link = firstOwnerLink(api.url, api.peopleKey);
    const page = await who.open(link);
    says(await who.send(page, '/first-owner', { ...fields, password: 'password1234' }), 422, /among the first that guessers try/);
    await who.send(page, '/first-owner', fields);
    assert.deepEqual(await me(who), { email: 'owner@example.org', role: 'owner' });
    says(await browser().send(page, '/first-owner', { ...fields, email: 'second@example.org' }), 200, /has an owner already/);
  });

  test('once there is one, nobody becomes another by it', async () => {
    const page = await browser().open(firstOwnerLink(api.url, api.peopleKey));
    assert.equal(new URL(page.url).pathname, '/sign-in');
    const { rows } = await api.database.pool.query('select count(*)::int as n from app_user');
    assert.equal(rows[0].n, 1);
  });
});

describe('an invitation', () => {
  const invited = async (email: string) => {
    const { status, body } = await api.send('POST', '/invitations', { body: { email, role: 'viewer' } });
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.url, `${URL_OF}${body.path}`);
    return `${api.url}${body.path}`;
  };

  test('lets in once, with a password of their own; looking uses nothing up, nor does a bad password', async () => {
    const link = await invited('ada@example.org');
    const who = browser();
    says(await who.open(link), 200, /invited as ada@example.org/);
    const page = await who.open(link);
    const action = new URL(link).pathname;
    says(await who.send(page, action, { name: 'Ada', password: 'short' }), 422, /12 at least/);
    for (const name of ['', '  ', 'Ada\u202Eadmin', 'a\u0007']) says(await who.send(page, action, { name, password: PASSWORD }), 422, /must (not be empty|be one line of plain characters)/i);
    says(await who.send(page, action, { name: 'Ada\0', password: PASSWORD }), 422, /holds no zero byte/i);
    await who.send(page, action, { name: 'Ada Lovelace', password: PASSWORD });
    assert.deepEqual(await me(who), { email: 'ada@example.org', role: 'viewer' });
    says(await browser().open(link), 409, /used before, or has ended/);
    const other = browser();
    says(await other.send(page, action, { name: 'Eve', password: 'another octopus swims' }), 409, /used before/);
    assert.equal(await me(other), null);
    const { rows } = await api.database.pool.query(`select name from app_user where email = 'ada@example.org'`);
    assert.equal(rows[0].name, 'Ada Lovelace');
  });

  test('sent twice at once, the form lets one in', async () => {
    const link = await invited('twice@example.org');
    const page = await browser().open(link);
    const people = [browser(), browser()];
    await Promise.all(people.map((who) => who.send(page, new URL(link).pathname, { name: 'Two', password: PASSWORD })));
    const { rows } = await api.database.pool.query(`select count(*)::int as n from session s join app_user u on u.id = s.user_id where u.email = 'twice@example.org'`);
    assert.equal(rows[0].n, 1);
  });

  test('that has ended, or never was, says so', async () => {
    const link = await invited('late@example.org');
    await api.database.pool.query(`update one_time_link set ends_at = clock_timestamp() where used_at is null`);
    for (const each of [link, `${api.url}/invite/made-up`]) says(await browser().open(each), 409, /has ended: ask for another one/);
  });
});

describe('a new password', () => {
  test('by a link of an owner’s: the old one is wrong, all sessions are over', async () => {
    const { id, email } = await person(api, 'forgetful');
    const { who } = await signIn(email);
    const { body } = await api.send('POST', `/users/${id}/reset`);
    const link = `${api.url}${body.path}`;
    const action = new URL(link).pathname;
    const other = browser();
    const page = await other.open(link);
    says(await other.send(page, action, { password: 'forgetful@example.org' }), 422, /guessers/);
    says(await other.send(page, action, { password: 'a whale in the bathtub' }), 200, /The new password is set/);
    assert.equal(await me(who), null);
    says((await signIn(email)).page, 401, /is wrong/);
    assert.notEqual(await me((await signIn(email, 'a whale in the bathtub')).who), null);
    says(await browser().open(link), 409, /used before/);
  });

  test('whatever somebody was let in with by the old password is over: tokens, command lines, and links to set another', async () => {
    const { id, email } = await person(api, 'robbed', { role: 'operator' });
    const token = async (password = PASSWORD) => (await api.send('POST', '/sign-in/token', { token: null, body: { email, password, name: 'thief' } })).body.token as string;
    const device = async (taken: boolean) => {
      const begun = (await api.send('POST', '/sign-in/devices', { token: null, body: { name: 'thief' } })).body;
      const { who } = await signIn(email);
      await who.send(await who.open(`${api.url}${begun.path}`), '/sign-in/device');
      return taken ? (await take(begun.device)).body.token.token as string : begun.device as string;
    };
    const take = (device: string) => api.send('POST', '/sign-in/devices/take', { token: null, body: { device } });
    const status = async (token: string) => (await api.send('GET', '/me', { token })).status;
    const stolen = [await token(), await device(true)];
    const letIn = await device(false);
    const { text: made } = await createToken(api.database.pool, { name: 'ci', role: 'viewer', user: id, actor: SYSTEM });
    assert.deepEqual(await Promise.all([...stolen, made].map(status)), [200, 200, 200]);

    const { body: { path } } = await api.send('POST', `/users/${id}/reset`);
    const who = browser();
    says(await who.send(await who.open(`${api.url}${path}`), path, { password: 'a whale in the bathtub' }), 200, /The new password is set/);
    assert.deepEqual(await Promise.all([...stolen, made].map(status)), [401, 401, 200], 'what was made as a token stays');
    assert.equal((await take(letIn)).status, 404, 'nor does one that was let in and not taken yet get in');

    // The same when they change it themselves.
    const again = await token('a whale in the bathtub');
    const link = (await api.send('POST', `/users/${id}/reset`)).body.path as string;
    await changePassword({ pool: api.database.pool, peopleKey: api.peopleKey }, { user: id, session: null, from: { address: undefined, agent: undefined } }, { current: 'a whale in the bathtub', password: 'a walrus on the veranda' });
    assert.equal(await status(again), 401);
    says(await browser().open(`${api.url}${link}`), 409, /has ended/);
    const revoked = (await api.send('GET', '/audit?action=token.revoked')).body.items as { actor: { id: string } }[];
    assert.deepEqual(revoked.map(({ actor }) => actor.id), [id, id, id]);
  });

  test('a form with what no database can hold is refused, not failed at', async () => {
    for (const [path, fields] of [['/sign-in', { email: 'a\0@example.org', password: 'x' }], ['/reset', { email: 'a\0@example.org' }]] as const) {
      const who = browser();
      says(await who.ask(`${api.url}${path}`, { method: 'POST', body: new URLSearchParams(fields).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }), 422, /zero byte/);
    }
    assert.ok((await browser().ask(`${api.url}/sites?search=%00`)).status < 500);
    await assert.rejects(translated(api.database.pool.query('select $1::text', ['a\0b'])), { type: 'invalid' });
  });

  test('an invitation is no reset', async () => {
    const id = await createUser(api.database.pool, { email: 'mixed@example.org', name: 'x', actor: SYSTEM });
    const { text } = await createLink(api.database.pool, { user: id, purpose: 'invitation', actor: SYSTEM });
    says(await browser().open(`${api.url}/reset/${text}`), 409, /has ended/);
  });

  test('without a mail server, the page says whom to ask', async () => {
    says(await browser().open(`${api.url}/reset`), 200, /sends no mail\. Ask one of its owners/);
  });
});

describe('by mail', () => {
  let mail: MailReceiver;
  before(async () => {
    mail = await mailReceiver();
    await api.database.pool.query(`update platform set settings = settings || '{"alertNetworks": ["127.0.0.0/8"]}'`);
    const config = { from: 'reeve@example.org', to: ['ops@example.org'], host: '127.0.0.1', port: mail.port, security: 'none' };
    const { status, body } = await api.send('POST', '/alerts/channels', { body: { kind: 'email', name: 'ops', config } });
    assert.equal(status, 201, JSON.stringify(body));
  });
  after(() => mail?.close());

  /** The newest mail to them, once it is there. */
  const mailTo = async (to: string): Promise<string> => {
    for (let i = 0; i < 1_200; i++) {
      const found = mail.mails.findLast((each) => each.to.includes(to));
      if (found) return found.text.replace(/=\r?\n/g, '').replaceAll('=3D', '=');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no mail to ${to}`);
  };

  test('whoever forgot asks for a link; nobody learns whether there is such a person', async () => {
    const { email } = await person(api, 'mailed');
    const ask = async (to: string) => {
      const who = browser();
      return await who.send(await who.open(`${api.url}/reset`), '/reset', { email: to });
    };
    const [here, nobody] = [await ask(email), await ask('stranger@example.org')];
    for (const page of [here, nobody]) says(page, 200, /If somebody here has that address, a link is on its way/);
    const [, path] = /https:\/\/reeve\.example\.org(\/reset\/[\w-]{43})/.exec(await mailTo(email))!;
    says(await browser().open(`${api.url}${path}`), 200, /For mailed@example\.org/);
    assert.equal(mail.mails.some((each) => each.to.includes('stranger@example.org')), false);
  });

  test('whoever asks for a mail takes no link away that an owner has handed over; a new one of an owner’s takes all', async () => {
    const { id, email } = await person(api, 'handed');
    const handed = async () => (await api.send('POST', `/users/${id}/reset`)).body.path as string;
    const ask = async () => {
      const who = browser();
      await who.send(await who.open(`${api.url}/reset`), '/reset', { email });
      const { rows } = await api.database.pool.query(`select count(*)::int as n from one_time_link where user_id = $1 and used_at is null`, [id]);
      return rows[0].n as number;
    };
    const first = await handed();
    assert.deepEqual([await ask(), await ask()], [2, 2], 'of mails the newest');
    says(await browser().open(`${api.url}${first}`), 200, /For handed@example\.org/);
    const second = await handed();
    says(await browser().open(`${api.url}${first}`), 409, /has ended/);
    const { rows } = await api.database.pool.query(`select count(*)::int as n from one_time_link where user_id = $1 and used_at is null`, [id]);
    assert.equal(rows[0].n, 1);
    says(await browser().open(`${api.url}${second}`), 200, /For handed/);
  });

  test('nobody has one person flooded with mail', async () => {
    const who = browser();
    const page = await who.open(`${api.url}/reset`);
    for (let i = 0; i < 3; i++) await who.send(page, '/reset', { email: 'flooded@example.org' });
    says(await who.send(page, '/reset', { email: 'flooded@example.org' }), 429, /too many attempts/i);
  });

  test('an invitation is mailed too', async () => {
    const { body } = await api.send('POST', '/invitations', { body: { email: 'far@example.org' } });
    assert.match(await mailTo('far@example.org'), new RegExp(body.url));
  });
});

describe('a command line', () => {
  const begin = async () => (await api.send('POST', '/sign-in/devices', { token: null, body: { name: 'ada@laptop' } })).body;
  const take = (device: string) => api.send('POST', '/sign-in/devices/take', { token: null, body: { device } });

  test('waits until somebody who is signed in lets it in, and gets a token of theirs, once', async () => {
    const { email } = await person(api, 'cli', { role: 'operator' });
    const { device, code, path } = await begin();
    assert.deepEqual((await take(device)).body, { state: 'waiting', token: null });
    const { who } = await signIn(email);
    const page = await who.open(`${api.url}${path}`);
    says(page, 200, new RegExp(`ada@laptop.*asks to act as you.*${code}`));
    says(await who.send(page, '/sign-in/device'), 200, /is let in/);
    const { body: { state, token } } = await take(device);
    assert.equal(state, 'in');
    assert.ok(Date.parse(token.expiresAt) > Date.now());
    const { body: mine } = await api.send('GET', '/me', { token: token.token });
    assert.deepEqual([mine.user.email, mine.role], [email, 'operator']);
    assert.equal((await take(device)).status, 404);
    says(await who.open(`${api.url}${path}`), 200, /No command line waits/);
  });

  test('lets nobody in who is not signed in; an ended code says so', async () => {
    const { device, path } = await begin();
    assert.equal(new URL((await browser().open(`${api.url}${path}`)).url).pathname, '/sign-in');
    await api.database.pool.query('update device_sign_in set ends_at = clock_timestamp()');
    assert.equal((await take(device)).status, 404);
  });

  test('by password: wrong, codes asked for, and a token of one’s own', async () => {
    const { email } = await person(api, 'script');
    const sign = (more: object) => api.send('POST', '/sign-in/token', { token: null, body: { email, password: PASSWORD, name: 'ci', ...more } });
    assert.equal((await sign({ password: 'wrong wrong wrong' })).status, 401);
    const { status, body } = await sign({});
    assert.equal(status, 201);
    assert.equal((await api.send('GET', '/me', { token: body.token })).body.user.email, email);
  });
});

describe('by programs', () => {
  const post = (path: string, body: object) => api.send('POST', path, { token: null, body });

  test('the first owner is made once, and only with proof', async () => {
    const given = { email: 'late@example.org', name: 'Late', password: PASSWORD };
    assert.equal((await post('/sign-in/first-owner', { ...given, token: 'reeve_aaaaaaaaaaaaaaaaaaaaaaaa' })).status, 401);
    assert.equal((await post('/sign-in/first-owner', given)).status, 401);
    const { status, body } = await post('/sign-in/first-owner', { ...given, token: api.token });
    assert.deepEqual([status, body.type], [409, '/problems/conflict'], 'there is somebody already');
  });

  test('an invitation is accepted, and a forgotten password set anew: each link once', async () => {
    const { body: invitation } = await api.send('POST', '/invitations', { body: { email: 'kim@example.org', role: 'viewer' } });
    const link = new URL(invitation.url, URL_OF).pathname.split('/').at(-1)!;
    assert.equal((await post('/sign-in/invitation', { link, name: 'Kim', password: 'short' })).status, 422);
    const { body: came } = await post('/sign-in/invitation', { link, name: 'Kim', password: PASSWORD });
    assert.deepEqual([came.email, came.name], ['kim@example.org', 'Kim']);
    assert.equal((await post('/sign-in/invitation', { link, name: 'Kim', password: PASSWORD })).status, 409);

    assert.deepEqual([(await post('/sign-in/forgotten', { email: 'kim@example.org' })).status, (await post('/sign-in/forgotten', { email: 'nobody@example.org' })).status], [204, 204]);
    const { text } = await createLink(api.database.pool, { user: came.id, purpose: 'reset', actor: SYSTEM });
    const [other, wrong] = ['correct horse battery staple 2', PASSWORD];
    assert.equal((await post('/sign-in/new-password', { link: text, password: other })).status, 204);
    assert.equal((await post('/sign-in/new-password', { link: text, password: other })).status, 409);
    const token = (password: string) => post('/sign-in/token', { email: 'kim@example.org', password, name: 'cli' });
    assert.deepEqual([(await token(wrong)).status, (await token(other)).status], [401, 201]);
  });
});
