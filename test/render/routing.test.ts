/** What a visitor and a probe get from a container: real nginx, real uWSGI, a site that says what reached it. */
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { places } from '../../src/domain/layout.ts';
import { placeRelease, startContainer, type TestContainer, writeDeep } from './container.ts';
import { desired, hostname, release, releaseId, site, siteId } from './fixture.ts';
import { nginxes, until } from './nginx.ts';

const echo = { wsgi: { module: 'echo.wsgi', callable: 'application' } };
const releases = [
  release(1, echo),
  release(2, echo),
  release(3, { ...echo, static: { url: '/assets/' }, media: { url: '/assets/media/', private: [] } }),
];
const light = { processes: 1, threads: 1, harakiri: 30, memory: 1024, connections: 2 };
const sites = [
  site(1, { settings: light, release: releaseId(2), previousRelease: releaseId(1) }),
  site(2, { settings: light, release: releaseId(3) }),
  site(3, { phase: 'suspended' }),
  site(4, { settings: light, release: releaseId(9) }),
];
const hostnames = [
  hostname('alpha.localhost', 1),
  hostname('www.alpha.test', 1, { role: 'alias' }),
  hostname('old.alpha.test', 1, { role: 'redirect' }),
  hostname('safe.alpha.test', 1, { role: 'alias', https: 'redirect' }),
  hostname('held.alpha.test', 1, { role: 'alias', phase: 'reserved' }),
  hostname('beta.localhost', 2),
  hostname('gamma.localhost', 3),
  hostname('delta.localhost', 4),
];

for (const program of nginxes) describe(`routing by ${program}`, () => {
  let c: TestContainer;
  const state = desired({ sites, hostnames, releases });
  const said = async (answer: Promise<{ text: string }>) => JSON.parse((await answer).text);

  before(async () => {
    c = await startContainer({ nginx: program });
    placeRelease(c.layout, releaseId(1), { 'css/site.css': 'old', 'css/only-old.css': 'only old', 'js/app.0123456789ab.js': 'old bundle' });
    placeRelease(c.layout, releaseId(2), { 'css/site.css': 'new', 'js/app.ba9876543210.js': 'new bundle', 'icon.svg': '<svg/>' });
    placeRelease(c.layout, releaseId(3), { 'css/site.css': 'beta', 'media/trap.txt': 'static below media', 'vendor.aaaaaaaaaaaa.js': 'vendor' });
    await c.apply(state);
  });
  after(() => c?.close());

  test('each hostname reaches its own site, whatever the case, port or dot at the end', async () => {
    for (const [host, id] of [
      ['alpha.localhost', siteId(1)], ['www.alpha.test', siteId(1)], ['WWW.Alpha.TEST:8080', siteId(1)], ['alpha.localhost.', siteId(1)],
      ['beta.localhost', siteId(2)],
    ] as const) {
      const { process } = await said(c.visit(host));
      assert.equal(process.REEVE_SITE_ID, id, host);
      const probed = await c.probe(host);
      assert.equal(probed.headers['x-reeve-site'], id);
      assert.equal(JSON.parse(probed.text).process.REEVE_SITE_ID, id);
    }
  });

  test('an unknown host gets 421 and a page that shows the request’s id', async () => {
    for (const host of ['nobody.test', 'held.alpha.test', '127.0.0.1', 'x'.repeat(300), 'default', 'include', 'ready.reeve.internal.test']) {
      const answer = await c.visit(host, '/picture.png');
      assert.equal(answer.status, 421, host);
      assert.match(answer.headers['content-type']!, /^text\/html/);
      assert.equal(answer.headers['x-reeve-page'], 'unknown');
      assert.match(answer.text, new RegExp(`Request <code>${answer.headers['x-request-id']}</code>`));
      assert.equal(answer.headers['x-reeve-site'], undefined);
    }
  });

  test('a suspended site shows its maintenance page, a site that cannot be rendered or started its own', async () => {
    const suspended = await c.visit('gamma.localhost', '/static/css/site.css');
    assert.equal(suspended.status, 503);
    assert.equal(suspended.headers['retry-after'], '120');
    assert.equal(suspended.headers['x-reeve-page'], 'suspended');
    const failing = await c.visit('delta.localhost');
    assert.equal(failing.status, 502);
    assert.equal(failing.headers['x-reeve-page'], 'failing');
    assert.equal((await c.probe('delta.localhost')).headers['x-reeve-site'], siteId(4));
    // Its vassal is gone: the same page, and not nginx's own.
    unlinkSync(places.siteSocket(c.layout, siteId(2)));
    const gone = await c.visit('beta.localhost');
    assert.equal(gone.status, 502);
    assert.equal(gone.headers['x-reeve-page'], 'failing');
    assert.equal(gone.headers['retry-after'], '5');
    assert.equal((await c.visit('alpha.localhost')).status, 200);
    await c.apply(state);
    assert.equal((await c.visit('beta.localhost')).status, 200);
  });

  test('the site’s own answers pass, whatever their status; it cannot pose as nginx', async () => {
    const unwell = await c.visit('alpha.localhost', '/unwell');
    assert.equal(unwell.status, 503);
    assert.equal(unwell.headers['x-reeve-page'], undefined);
    assert.equal((await c.visit('alpha.localhost', '/missing')).status, 404);
    const claims = await c.visit('alpha.localhost', '/claims');
    assert.equal(claims.headers['x-reeve-page'], undefined);
    assert.equal(claims.headers['x-reeve-site'], undefined);
    assert.notEqual(claims.headers['x-request-id'], 'mine');
    assert.equal((await c.probe('alpha.localhost', '/claims')).headers['x-reeve-site'], 's999999999');
    writeDeep(`${places.storeDir(c.layout, siteId(1))}/x`, 'inner');
    assert.equal(JSON.parse((await c.visit('alpha.localhost', '/inner')).text).environ.PATH_INFO, '/inner');
    assert.equal((await c.visit('alpha.localhost', '/-reeve-/static')).status, 404);
  });

  test('redirects lead to the primary hostname with the visitor’s scheme and port, and keep the method', async () => {
    const location = async (host: string, options: object = {}, path = '/a%20b?c=d&e=%0d%0a') => {
      const answer = await c.visit(host, path, options);
      return `${answer.status} ${answer.headers.location}`;
    };
    const https = { headers: { 'X-Forwarded-Proto': 'https' } };
    const path = '/a%20b?c=d&e=%0d%0a';
    assert.equal(await location('old.alpha.test'), `301 http://alpha.localhost${path}`);
    assert.equal(await location('old.alpha.test:8080'), `301 http://alpha.localhost:8080${path}`);
    assert.equal(await location('old.alpha.test', https), `301 https://alpha.localhost${path}`);
    assert.equal(await location('old.alpha.test:8080', { method: 'POST', body: 'x' }), `308 http://alpha.localhost:8080${path}`);
    assert.equal(await location('old.alpha.test', {}, '//evil.test/'), '301 http://alpha.localhost//evil.test/');
    assert.equal(await location('safe.alpha.test:8080'), `301 https://safe.alpha.test${path}`);
    assert.equal(await location('safe.alpha.test', { method: 'POST' }), `308 https://safe.alpha.test${path}`);
    assert.equal((await c.visit('safe.alpha.test', '/', https)).status, 200);
  });

  test('the site sees the visitor: address, scheme, host with its port, request id', async () => {
    const { environ, scheme } = await said(c.visit('alpha.localhost:8080', '/a%2Fb%20c?q=1', {
      headers: { 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https', 'X-Request-Id': 'edge-0123456789', Origin: 'http://alpha.localhost:8080' },
      method: 'POST', body: 'password=x',
    }));
    assert.equal(environ.HTTP_HOST, 'alpha.localhost:8080');
    assert.equal(environ.SERVER_PORT, '8080');
    assert.equal(environ.SERVER_NAME, 'alpha.localhost');
    assert.equal(environ.REMOTE_ADDR, '203.0.113.9');
    assert.equal(environ.HTTP_X_FORWARDED_FOR, '203.0.113.9');
    assert.equal(environ.HTTPS, 'on');
    assert.equal(scheme, 'https');
    assert.equal(environ.PATH_INFO, '/a/b c');
    assert.equal(environ.QUERY_STRING, 'q=1');
    assert.equal(environ.HTTP_X_REQUEST_ID, 'edge-0123456789');
    assert.equal(environ.REQUEST_METHOD, 'POST');
    assert.equal(environ.HTTP_ORIGIN, 'http://alpha.localhost:8080');
  });

  test('what a stranger says of himself does not arrive: he is not the edge', async () => {
    const c2 = await startContainer({ nginx: program, layout: { trusted: ['192.0.2.1', '2001:db8::/32'] } });
    try {
      placeRelease(c2.layout, releaseId(2));
      await c2.apply(desired({ sites: [sites[0]!], hostnames: [hostnames[0]!], releases }));
      const { environ, scheme } = await said(c2.visit('alpha.localhost', '/', {
        headers: {
          'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'evil.test', 'X-Forwarded-Port': '1',
          'X-Forwarded-Ssl': 'on', 'X-Request-Id': 'forged-0123456789', 'X-Real-IP': '203.0.113.9', Forwarded: 'for=203.0.113.9', Proxy: 'http://evil.test',
          'X-Reeve-Probe': '1', 'X-Reeve-Site': 's1', 'X-Reeve-Reveal': '1', 'Reeve-Probe': '1', REEVE_PROBE: '1', HTTPS: 'on',
        },
      }));
      assert.equal(environ.REMOTE_ADDR, '127.0.0.1');
      assert.equal(environ.HTTP_X_FORWARDED_FOR, '127.0.0.1');
      assert.equal(environ.HTTP_X_REAL_IP, '127.0.0.1');
      assert.equal(environ.HTTP_X_FORWARDED_PROTO, 'http');
      assert.equal(environ.HTTP_X_FORWARDED_HOST, 'alpha.localhost');
      assert.equal(environ.HTTP_X_FORWARDED_PORT, '80');
      assert.equal(scheme, 'http');
      assert.match(environ.HTTP_X_REQUEST_ID, /^[0-9a-f]{32}$/);
      for (const name of ['HTTPS', 'REEVE_PROBE', 'HTTP_FORWARDED', 'HTTP_PROXY', 'HTTP_X_FORWARDED_SSL', 'HTTP_X_REEVE_PROBE', 'HTTP_X_REEVE_SITE', 'HTTP_X_REEVE_REVEAL']) {
        assert.equal(environ[name], undefined, name);
      }
      assert.equal((await c2.visit('alpha.localhost', '/', { headers: { 'X-Reeve-Reveal': '1' } })).headers['x-reeve-site'], undefined);
      assert.equal((await c2.visit('ready.reeve.internal')).status, 421);
    } finally {
      await c2.close();
    }
  });

  test('only a probe is marked as one; only the edge, and where it asks, is told which site answered', async () => {
    assert.equal((await said(c.probe('alpha.localhost'))).environ.REEVE_PROBE, '1');
    assert.equal((await said(c.visit('alpha.localhost'))).environ.REEVE_PROBE, undefined);
    assert.equal((await c.visit('alpha.localhost')).headers['x-reeve-site'], undefined);
    assert.equal((await c.visit('alpha.localhost', '/', { headers: { 'X-Reeve-Reveal': '1' } })).headers['x-reeve-site'], siteId(1));
  });

  test('a request line that names another host than Host does is of that host, and the site is told so', async () => {
    const answer = await c.visit('beta.localhost', 'http://alpha.localhost/x');
    const { environ, process } = JSON.parse(answer.text);
    assert.equal(process.REEVE_SITE_ID, siteId(1));
    assert.equal(environ.HTTP_HOST, 'alpha.localhost');
  });

  test('static files come from the release, then from the one before, and never from Django', async () => {
    const file = async (path: string, host = 'alpha.localhost') => {
      const answer = await c.visit(host, path);
      return [answer.status, answer.status === 200 ? answer.text : answer.headers['x-reeve-page'], answer.headers['cache-control']];
    };
    const always = 'public, max-age=31536000, immutable';
    assert.deepEqual(await file('/static/css/site.css'), [200, 'new', 'public, max-age=60']);
    assert.deepEqual(await file('/static/css/only-old.css'), [200, 'only old', 'public, max-age=60']);
    assert.deepEqual(await file('/static/js/app.ba9876543210.js'), [200, 'new bundle', always]);
    assert.deepEqual(await file('/static/js/app.0123456789ab.js'), [200, 'old bundle', always]);
    assert.deepEqual(await file('/static/js/app.ffffffffffff.js'), [404, 'missing', 'no-store']);
    for (const path of ['/static/', '/static/css', '/static/css/', '/static/nothing.css', '/static/%2e%2e/%2e%2e/code/echo/wsgi.py', '/static/css/%0a']) {
      assert.notEqual((await c.visit('alpha.localhost', path)).status, 200, path);
    }
    // A release with other URLs, one within the other; a hashed file of any release in use is found.
    assert.deepEqual(await file('/assets/css/site.css', 'beta.localhost'), [200, 'beta', 'public, max-age=60']);
    assert.deepEqual(await file('/assets/media/trap.txt', 'beta.localhost'), [404, 'missing', 'no-store']);
    assert.deepEqual(await file('/assets/js/app.0123456789ab.js', 'beta.localhost'), [200, 'old bundle', always]);
    assert.equal(JSON.parse((await c.visit('beta.localhost', '/static/css/site.css')).text).environ.PATH_INFO, '/static/css/site.css');
    const css = await c.visit('alpha.localhost', '/static/css/site.css');
    assert.match(css.headers['content-type']!, /^text\/css; charset=utf-8/);
    assert.equal((await c.visit('alpha.localhost', '/static/css/site.css', { headers: { 'If-None-Match': css.headers.etag! } })).status, 304);
  });

  test('media: only what can run nothing is shown; private paths, links and other sites’ files are refused', async () => {
    const store = places.storeDir(c.layout, siteId(1));
    for (const [name, text] of Object.entries({
      'images/cat.png': 'png', 'page.html': '<script>1</script>', 'draw.svg': '<svg/>', 'a.xml': '<x/>', 'a.js': '1', 'noend': 'x', 'a.pdf': '%PDF',
      'documents/secret.pdf': 'secret', 'A.HTM': 'x', 'name with space.txt': 'x',
    })) writeDeep(`${store}/${name}`, text);
    writeDeep(`${places.storeDir(c.layout, siteId(2))}/other.txt`, 'of another site');
    symlinkSync('/etc/hostname', `${store}/link.txt`);
    symlinkSync(places.storeDir(c.layout, siteId(2)), `${store}/dir`);
    const get = (path: string) => c.visit('alpha.localhost', path);
    for (const [path, type, attached] of [
      ['/media/images/cat.png', 'image/png', false], ['/media/a.pdf', 'application/pdf', false], ['/media/name%20with%20space.txt', 'text/plain', false],
      ['/media/page.html', 'application/octet-stream', true], ['/media/A.HTM', 'application/octet-stream', true], ['/media/a.xml', 'application/octet-stream', true],
      ['/media/a.js', 'application/octet-stream', true], ['/media/noend', 'application/octet-stream', true], ['/media/draw.svg', 'image/svg+xml', true],
    ] as const) {
      const answer = await get(path);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers['content-type'], type, path);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      assert.equal(answer.headers['content-disposition'], attached ? 'attachment' : undefined, path);
      assert.equal(/sandbox/.test(answer.headers['content-security-policy'] ?? ''), attached, path);
    }
    for (const path of [
      '/media/documents/secret.pdf', '/media//documents/secret.pdf', '/media/images/../documents/secret.pdf', '/media/%64ocuments/secret.pdf',
      '/media/link.txt', '/media/dir/other.txt', `/media/../${siteId(2)}/other.txt`, `/media/%2e%2e/${siteId(2)}/other.txt`, '/media/..%2f..%2fetc/passwd',
      '/media/nothing.png', '/media/images', '/media/images/', '/media/other.txt', '/media/cat.png%00.txt',
    ]) {
      const answer = await get(path);
      assert.ok(answer.status === 404 || answer.status === 400 || (answer.status === 200 && JSON.parse(answer.text).environ), `${path}: ${answer.status} ${answer.text}`);
      assert.ok(!/secret|of another/.test(answer.text), path);
    }
    assert.equal((await get('/media/documents/secret.pdf')).status, 404);
    assert.equal((await get('/media/link.txt')).status, 404);
  });

  test('100 MB is the limit of a body; above it a page says so', async () => {
    const large = await c.visit('alpha.localhost', '/', { method: 'POST', headers: { 'Content-Length': String(101 * 1024 * 1024) } });
    assert.equal(large.status, 413);
    assert.equal(large.headers['x-reeve-page'], 'large');
    const fits = await c.visit('alpha.localhost', '/', { method: 'POST', body: Buffer.alloc(5 * 1024 * 1024, 'x') });
    assert.equal(JSON.parse(fits.text).body, 5 * 1024 * 1024);
  });

  test('more than 100 requests at once to one site get a page that says so, and its neighbour none', async () => {
    const held = Array.from({ length: 110 }, () => c.visit('alpha.localhost', '/hold'));
    const first = await Promise.race(held);
    assert.equal(first.status, 429);
    assert.equal(first.headers['x-reeve-page'], 'busy');
    assert.equal(first.headers['retry-after'], '2');
    assert.equal((await c.visit('beta.localhost')).status, 200);
    assert.equal((await c.visit('alpha.localhost', '/static/css/site.css')).status, 200);
    writeDeep(`${places.workDir(c.layout, siteId(1))}/go`, '');
    const statuses = (await Promise.all(held)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 100);
    assert.equal(statuses.filter((status) => status === 429).length, 10);
  });

  test('a vassal that dies in a request costs that request, with a page, and the next one is served', async () => {
    const answer = await c.visit('beta.localhost', '/dies');
    assert.equal(answer.status, 502);
    assert.equal(answer.headers['x-reeve-page'], 'failing');
    await until('it is served again', async () => (await c.visit('beta.localhost')).status === 200);
  });

  test('the proof and the edge’s check say which generation is served', async () => {
    const proof = JSON.parse((await c.probe('generation.reeve.internal')).text);
    assert.equal(proof.epoch, 1);
    assert.equal(proof.generation, 1);
    const rendered = await c.apply({ ...state, generation: 2 });
    assert.deepEqual(JSON.parse((await c.probe('generation.reeve.internal')).text), { epoch: 1, generation: 2, digest: rendered.digests.nginx });
    assert.deepEqual(JSON.parse((await c.visit('ready.reeve.internal')).text), { ready: true, epoch: 1, generation: 2, digest: rendered.digests.nginx });
    assert.equal((await c.visit('generation.reeve.internal')).status, 421);
  });

  test('each visit is one line of JSON, without its query; probes leave none', async () => {
    await c.visit('alpha.localhost', '/log"me\\%0a?token=hush', { headers: { 'User-Agent': 'a"b\\c', Referer: 'http://alpha.localhost/reset?token=hush', 'X-Request-Id': 'logged-01234567' } });
    await c.probe('alpha.localhost', '/probed', { headers: { 'X-Request-Id': 'probed-01234567' } });
    await c.visit('alpha.localhost', '/last', { headers: { 'X-Request-Id': 'last-0123456789' } });
    // A line is written when the request ends, which the visitor may see first.
    const read = () => readFileSync(`${c.layout.root}/log/nginx-access.log`, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    await until('the last visit is logged', () => read().some(({ request }) => request === 'last-0123456789'));
    const lines = read();
    const line = lines.find(({ request }) => request === 'logged-01234567');
    assert.equal(line.site, siteId(1));
    assert.equal(line.host, 'alpha.localhost');
    assert.equal(line.status, 200);
    assert.equal(line.referrer, 'http://alpha.localhost/reset');
    assert.equal(line.path, '/log"me\\%0a');
    assert.ok(Number(line.upstreamSeconds) >= 0);
    assert.ok(!lines.some(({ request }) => request === 'probed-01234567'));
    assert.ok(!JSON.stringify(lines).includes('hush'));
  });
});
