/** Signing in elsewhere, as far as the provider goes: a real one on the loopback. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isReeveError } from '../../src/domain/errors.ts';
import { claimsOf } from '../../src/sign-in/oidc/identity.ts';
import { createProvider, type Provider } from '../../src/sign-in/oidc/provider.ts';
import { type OidcSettings, readOidcSettings } from '../../src/sign-in/oidc/settings.ts';
import { browser } from './browser.ts';
import { CLIENT, type Person, startProvider, type TestProvider } from './provider.ts';

const CALLBACK = 'http://127.0.0.1:9/sign-in/oidc/callback';
const ADA: Person = { sub: 'u-1', email: 'Ada@Example.org', email_verified: true, name: 'Ada Lovelace', groups: ['web', 'staff'] };

let there: TestProvider;
let provider: Provider;
const settings = (more: Partial<OidcSettings> = {}): OidcSettings => ({
  issuer: there.issuer, clientId: CLIENT.id, clientSecret: CLIENT.secret, name: 'test', scope: 'openid email profile', groupsClaim: 'groups',
  teams: new Map([['web', 'Web team'], ['ops', 'Operators']]), ...more,
});
before(async () => {
  there = await startProvider(CALLBACK);
  provider = createProvider(settings());
});
after(() => there?.close());

/** There and back: the address with which the person would come back here. */
async function comeBack(url: string): Promise<URL> {
  return new URL((await browser().open(url, /127\.0\.0\.1:9\//)).url);
}

const refused = (words: RegExp) => (error: unknown) => isReeveError(error, 'forbidden') && words.test(error.message);

test('who comes is known by issuer and subject, with their verified e-mail and the teams of their groups', async () => {
  there.comes(ADA);
  const { url, pending } = await provider.begin(CALLBACK);
  assert.match(url, /code_challenge_method=S256/);
  assert.deepEqual(await provider.finish(await comeBack(url), pending),
    { issuer: there.issuer, subject: 'u-1', email: 'ada@example.org', name: 'Ada Lovelace', teams: ['Web team'], mapped: ['Web team', 'Operators'] });
});

test('an answer is good once', async () => {
  there.comes(ADA);
  const { url, pending } = await provider.begin(CALLBACK);
  const came = await comeBack(url);
  await provider.finish(came, pending);
  await assert.rejects(provider.finish(came, pending), refused(/used already/));
});

test('an answer to another question is refused: by its state, its verifier, its nonce', async () => {
  there.comes(ADA);
  for (const part of ['state', 'verifier', 'nonce'] as const) {
    const { url, pending } = await provider.begin(CALLBACK);
    const other = await provider.begin(CALLBACK);
    await assert.rejects(provider.finish(await comeBack(url), { ...pending, [part]: other.pending[part] }), refused(/./), part);
  }
});

test('a forged answer is refused', async () => {
  const { pending } = await provider.begin(CALLBACK);
  const forged = new URL(`${CALLBACK}?code=made-up&state=${pending.state}&iss=${encodeURIComponent(there.issuer)}`);
  await assert.rejects(provider.finish(forged, pending), refused(/begin again/));
  forged.searchParams.set('iss', 'https://elsewhere.example');
  await assert.rejects(provider.finish(forged, pending), refused(/begin again/));
});

test('who cancels there is told so, and nothing of what the provider says is repeated', async () => {
  there.comes(null);
  const { url, pending } = await provider.begin(CALLBACK);
  await assert.rejects(provider.finish(await comeBack(url), pending), refused(/^signing in was cancelled there$/));
});

test('a provider that is away is unavailable, and is asked again when it is back', async () => {
  await assert.rejects(createProvider(settings({ issuer: 'http://127.0.0.1:9/' })).begin(CALLBACK), (error) => isReeveError(error, 'unavailable'));
});

describe('claims', () => {
  const claims = (more: object) => claimsOf({ sub: 'u-1', email: 'ada@example.org', email_verified: true, ...more }, settings());

  test('only a verified e-mail counts', () => {
    for (const more of [{ email_verified: false }, { email_verified: undefined }, { email_verified: 'true' }, { email: undefined }, { email: 'no address' }]) {
      assert.throws(() => claims(more), refused(/e-mail|verified/));
    }
    assert.throws(() => claims({ sub: undefined }), refused(/who you are/));
  });

  test('groups are teams only where the platform says so', () => {
    assert.deepEqual(claims({ groups: ['ops', 'ops', 7, 'unknown'] }).teams, ['Operators']);
    assert.deepEqual(claims({ groups: 'ops' }).teams, []);
    assert.equal(claimsOf({ sub: 'x', email: 'a@b.c', email_verified: true, groups: ['ops'] }, settings({ teams: new Map() })).teams, null);
  });
});

describe('settings', () => {
  const none = { REEVE_OIDC_NAME: 'x', REEVE_OIDC_SCOPE: 'openid', REEVE_OIDC_GROUPS_CLAIM: 'groups' };

  test('are whole, or not there', () => {
    assert.equal(readOidcSettings(none), null);
    const whole = { ...none, REEVE_OIDC_ISSUER: 'https://id.example.org', REEVE_OIDC_CLIENT_ID: 'reeve', REEVE_OIDC_CLIENT_SECRET_FILE: import.meta.filename };
    assert.deepEqual(readOidcSettings({ ...whole, REEVE_OIDC_TEAMS: 'a b = Web, c=Ops' })?.teams, new Map([['a b', 'Web'], ['c', 'Ops']]));
    for (const wrong of [
      { REEVE_OIDC_CLIENT_ID: undefined }, { REEVE_OIDC_CLIENT_SECRET_FILE: undefined }, { REEVE_OIDC_CLIENT_SECRET_FILE: '/nowhere' },
      { REEVE_OIDC_CLIENT_SECRET_FILE: '/dev/null' }, { REEVE_OIDC_ISSUER: 'http://id.example.org' }, { REEVE_OIDC_TEAMS: 'web' },
    ]) assert.throws(() => readOidcSettings({ ...whole, ...wrong }), (error) => isReeveError(error, 'invalid') && /REEVE_OIDC/.test(error.message), JSON.stringify(wrong));
  });
});
