/** Behind a proxy: what the platform itself asks of others goes through it, and what is inside never does. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { request } from 'undici';
import { NotDelivered } from '../../src/alerts/failure.ts';
import { post } from '../../src/alerts/post.ts';
import { throughProxy } from '../../src/alerts/way.ts';
import { createClient } from '../../src/api/client.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { proxyFor } from '../../src/network/proxy.ts';
import { createProvider } from '../../src/sign-in/oidc/provider.ts';
import { createS3Client } from '../../src/storage/s3-client.ts';
import { type HttpReceiver, httpReceiver } from '../alerts/receiver.ts';
import { type ForwardProxy, forwardProxy } from './forward-proxy.ts';

test('which proxy, by the environment', () => {
  const env = { HTTP_PROXY: 'http://plain:3128', https_proxy: 'secure:3129', NO_PROXY: 'intranet, .corp.test *.lan 10.0.0.0/8,[fd00::1]:9000,fe80::/10,only.test:8443,2001:db8::5' };
  const by = (url: string) => proxyFor(url, env)?.host ?? null;
  assert.equal(by('http://example.org/'), 'plain:3128');
  assert.equal(by('https://example.org/'), 'secure:3129');
  assert.equal(proxyFor('https://example.org/', { HTTP_PROXY: 'http://plain:3128' })?.host, 'plain:3128');
  assert.equal(proxyFor('http://example.org/', { HTTPS_PROXY: 'http://secure:3129' }), null);
  for (const inside of ['http://intranet/', 'https://a.intranet/', 'https://x.corp.test./', 'http://printer.lan', 'http://10.1.2.3:9000/', 'http://[fd00::1]:9000/',
    'http://[fe80::2]/', 'https://only.test:8443/', 'http://[2001:db8::5]/', 'http://127.0.0.1:1/', 'http://127.9.9.9/', 'http://[::1]:8080/', 'http://LOCALHOST/', 'http://alpha.localhost:8080/']) {
    assert.equal(by(inside), null, inside);
  }
  for (const outside of ['http://notintranet/', 'http://11.1.2.3/', 'http://[fd00::1]/', 'https://only.test/', 'http://localhost.example.org/']) assert.ok(by(outside), outside);
  assert.equal(proxyFor('http://example.org/', { HTTP_PROXY: 'http://plain:3128', NO_PROXY: '*' }), null);
  assert.throws(() => proxyFor('http://example.org/', { HTTP_PROXY: 'http://u:secret@[' }), (error: Error) => isReeveError(error, 'invalid') && !error.message.includes('secret'));
});

describe('requests of the platform', () => {
  const NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  const kept = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
  let receiver: HttpReceiver;
  let proxy: ForwardProxy;
  const use = (through: ForwardProxy) => Object.assign(process.env, { HTTP_PROXY: through.url, HTTPS_PROXY: through.url });

  before(async () => {
    receiver = await httpReceiver((_, response) => void response.setHeader('content-type', 'application/json').end('{}'));
  });
  after(() => receiver?.close());
  beforeEach(async () => {
    for (const name of NAMES) delete process.env[name];
    receiver.posted.length = 0;
    proxy = await forwardProxy(receiver.url);
    use(proxy);
  });
  afterEach(async () => {
    for (const name of NAMES) {
      if (kept[name] === undefined) delete process.env[name];
      else process.env[name] = kept[name];
    }
    await proxy.close();
  });

  test('an S3-compatible server, the command line’s API, and a provider that signs people in', async () => {
    const s3 = createS3Client({ endpoint: 'http://s3.example.test:9000', region: 'r', accessKey: 'a', secretKey: 's' });
    assert.equal((await s3('PUT', '/bucket/a key', { body: 'text' })).status, 200);
    assert.equal(receiver.posted[0]!.headers.host, 's3.example.test:9000');
    assert.match(String(receiver.posted[0]!.headers.authorization), /^AWS4-HMAC-SHA256 .*SignedHeaders=host;/);
    assert.equal(receiver.posted[0]!.body, 'text');
    await createClient({ api: 'http://reeve.example.test', token: 't' }).request('GET', '/platform');
    const provider = createProvider({
      issuer: 'https://id.example.test', clientId: 'c', clientSecret: 's', name: 'test', scope: 'openid', groupsClaim: 'groups', teams: new Map(),
    });
    await assert.rejects(provider.begin('https://reeve.example.test/'), 'what answers speaks no TLS');
    assert.deepEqual(proxy.asked, ['PUT http://s3.example.test:9000/bucket/a%20key', 'GET http://reeve.example.test/api/v1/platform', 'CONNECT id.example.test:443']);
  });

  test('what is on this machine is asked directly', async () => {
    const s3 = createS3Client({ endpoint: receiver.url, region: 'r', accessKey: 'a', secretKey: 's' });
    await s3('GET', '/');
    await createClient({ api: receiver.url, token: 't' }).request('GET', '/platform');
    assert.equal(receiver.posted.length, 2);
    assert.deepEqual(proxy.asked, []);
  });

  test('a webhook goes through it to the address that was checked', async () => {
    await post('http://203.0.113.9:8000/hook', '{}', {}, []);
    assert.deepEqual(proxy.asked, ['CONNECT 203.0.113.9:8000']);
    assert.equal(receiver.posted[0]!.path, '/hook');
    const way = throughProxy('http://hooks.example.test:8000/hook?a=1', '203.0.113.9', new URL(proxy.url), 5_000);
    await request(way.url, { dispatcher: way.dispatcher, headers: way.headers, method: 'POST', body: '{}' });
    await way.dispatcher.destroy();
    assert.equal(proxy.asked[1], 'CONNECT 203.0.113.9:8000', 'a proxy that looked the name up by itself might go inward');
    assert.deepEqual([receiver.posted[1]!.headers.host, receiver.posted[1]!.path], ['hooks.example.test:8000', '/hook?a=1'], 'the receiver hears its name');
  });

  test('a webhook that leads inward is refused, and the proxy not asked; an allowed one is gone to directly', async () => {
    const refused = (error: unknown) => error instanceof NotDelivered && /leads inward/.test(error.message);
    for (const url of ['http://10.1.2.3/', 'http://169.254.169.254/latest', receiver.url, receiver.url.replace('127.0.0.1', 'localhost')]) {
      await assert.rejects(post(url, '{}', {}, []), refused, url);
    }
    await post(receiver.url, '{}', {}, ['127.0.0.0/8']);
    assert.equal(receiver.posted.length, 1);
    assert.deepEqual(proxy.asked, []);
  });

  test('a proxy that refuses is named as such', async () => {
    const named = 'the proxy that HTTP(S)_PROXY names';
    for (const [status, words] of [
      [403, `${named} refuses to go there (403)`], [407, `${named} wants a user and password, or others than it was given (407)`],
      [502, `${named} cannot reach it (502)`],
    ] as const) {
      const strict = await forwardProxy(status);
      use(strict);
      for (const url of ['http://203.0.113.9/', 'https://203.0.113.9/']) {
        await assert.rejects(post(url, '{}', {}, []), (error) => error instanceof NotDelivered && error.message === words, `${status} ${url}`);
      }
      await strict.close();
    }
    // One that is not there at all.
    await assert.rejects(post('http://203.0.113.9/', '{}', {}, []), (error) => error instanceof NotDelivered && error.message === `nothing listens there, through ${named}`);
  });
});
