/** What the edge does between visitors and containers: real nginx, and containers that behave as badly as real ones. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Desired, Member } from '../../src/domain/desired.ts';
import { places } from '../../src/domain/layout.ts';
import { createEdgeRenderer, type EdgeLayout } from '../../src/render/edge.ts';
import { moment } from '../moment.ts';
import { ask } from './ask.ts';
import { placeRelease, startContainer, toolsVenv } from './container.ts';
import { desired, hostname, layout as layoutAt, release, releaseId, scratch, site, siteId } from './fixture.ts';
import { freePort, nginx as anyNginx, nginxes, type RunningNginx, startNginx, testNginx, until } from './nginx.ts';

const COUNT = 24;
const numbers = Array.from({ length: COUNT }, (_, i) => i + 1);
const state = (settings: Partial<Desired['settings']> = {}) => desired({
  settings,
  sites: numbers.map((n) => site(n)),
  hostnames: numbers.flatMap((n) => [hostname(`site${n}.localhost`, n), hostname(`www.site${n}.test`, n, { role: 'alias' })]),
});

interface Got {
  readonly container: number;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: number;
}
type Behaviour = (got: Got, response: ServerResponse) => void;

const well: Behaviour = (got, response) => {
  response.setHeader('X-Reeve-Site', got.headers['x-reeve-reveal'] === '1' ? siteId(Number(/site(\d+)/.exec(got.headers.host ?? '')?.[1] ?? 0)) : 's666666666');
  response.end(`container ${got.container}`);
};
/** Reads all of it, and dies. */
const dies: Behaviour = (_, response) => { response.socket!.destroy(); };
const answers = (status: number): Behaviour => (_, response) => { response.statusCode = status; response.end('its own words'); };

interface FakeContainer { readonly member: Member; readonly got: Got[]; behave: Behaviour; close(): Promise<void> }

async function fakeContainer(number: number): Promise<FakeContainer> {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    let body = 0;
    request.on('data', (chunk: Buffer) => { body += chunk.length; });
    request.on('end', () => {
      const one = { container: number, method: request.method!, url: request.url!, headers: request.headers, body };
      got.push(one);
      container.behave(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const container: FakeContainer = {
    member: { id: `c${String(number).padStart(9, '0')}`, incarnation: 1, address: '127.0.0.1', port }, got, behave: well,
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }),
  };
  return container;
}

for (const program of nginxes) describe(`the edge, by ${program}`, () => {
  let edge: RunningNginx;
  let layout: EdgeLayout;
  let port: number;
  let containers: FakeContainer[];
  let refused: Member;
  let generation = 1;
  const render = (wanted: Desired, members: readonly Member[]) => createEdgeRenderer(layout).render(wanted, members).nginx;
  const serve = (members: readonly Member[], settings: Partial<Desired['settings']> = {}) =>
    edge.switchTo(render({ ...state(settings), generation: ++generation }, members));
  const visit = (host: string, options: Partial<Parameters<typeof ask>[0]> = {}) => ask({ port, host, ...options });
  const members = () => containers.map(({ member }) => member);
  const hits = () => containers.flatMap(({ got }) => got);

  before(async () => {
    const root = scratch('edge');
    chmodSync(root, 0o711);
    port = await freePort();
    layout = { ...layoutAt(root), listen: [{ address: '127.0.0.1', port }, { address: '::1', port }] };
    for (const directory of [places.ownDir(layoutAt(root)), `${root}/log`, `${root}/nginx`]) mkdirSync(directory, { recursive: true });
    containers = await Promise.all([1, 2, 3].map(fakeContainer));
    refused = { id: 'c000000009', incarnation: 1, address: '127.0.0.1', port: await freePort() };
    edge = await startNginx(program, layout, render(state(), members()));
  });
  afterEach(() => {
    for (const container of containers) {
      container.got.length = 0;
      container.behave = well;
    }
  });
  after(async () => {
    await edge?.stop();
    for (const container of containers ?? []) await container.close();
    if (layout) rmSync(layout.root, { recursive: true, force: true });
  });

  test('all names of a site go to one container, the sites to all of them; on both addresses', async () => {
    const at = new Map<string, string>();
    for (const n of numbers) {
      const texts = [await visit(`site${n}.localhost`), await visit(`www.site${n}.test:8080`), await visit(`site${n}.localhost`, { address: '::1' })].map(({ text }) => text);
      assert.equal(new Set(texts).size, 1, texts.join());
      at.set(`site${n}`, texts[0]!);
    }
    assert.equal(new Set(at.values()).size, 3);
    // Without one container its sites move, and nobody else's.
    await serve(members().slice(0, 2));
    for (const n of numbers) {
      const { text } = await visit(`site${n}.localhost`);
      if (at.get(`site${n}`) === 'container 3') assert.notEqual(text, 'container 3');
      else assert.equal(text, at.get(`site${n}`));
    }
    await serve(members());
  });

  test('containers see the visitor, with his own host and port, on a connection of its own', async () => {
    await visit('Site1.localhost:8080', {
      method: 'POST', body: 'user=x', path: '/admin/login/?next=%2F',
      headers: {
        Origin: 'http://site1.localhost:8080', 'X-Forwarded-For': '203.0.113.1', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'evil.test', 'X-Forwarded-Port': '1',
        'X-Request-Id': 'forged-0123456789', 'X-Reeve-Reveal': '1', 'X-Real-IP': '203.0.113.1', Forwarded: 'for=203.0.113.1', Proxy: 'evil',
      },
    });
    const [got] = hits();
    assert.equal(got!.url, '/admin/login/?next=%2F');
    assert.equal(got!.body, 6);
    const { headers } = got!;
    assert.equal(headers.host, 'site1.localhost:8080');
    assert.equal(headers.origin, 'http://site1.localhost:8080');
    assert.equal(headers['x-forwarded-host'], 'site1.localhost:8080');
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.match(String(headers['x-request-id']), /^[0-9a-f]{32}$/);
    assert.equal(headers.connection, 'close');
    for (const name of ['x-reeve-reveal', 'x-real-ip', 'forwarded', 'proxy', 'x-forwarded-port']) assert.equal(headers[name], undefined, name);
  });

  test('a trusted proxy may speak for the visitor', async () => {
    await serve(members(), { trustedProxies: ['127.0.0.0/8', 'not an address; }'] });
    await visit('site1.localhost', { headers: { 'X-Forwarded-For': '198.51.100.7, 203.0.113.1', 'X-Forwarded-Proto': 'https', 'X-Request-Id': 'proxy-0123456789' } });
    const { headers } = hits()[0]!;
    assert.equal(headers['x-forwarded-for'], '203.0.113.1');
    assert.equal(headers['x-forwarded-proto'], 'https');
    assert.equal(headers['x-request-id'], 'proxy-0123456789');
    await serve(members());
  });

  /** Safe to repeat is a GET or a HEAD; nothing else, whatever HTTP calls idempotent. */
  const ONCE = ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'];

  test('what a container read is sent once, whatever its method; a GET goes elsewhere', async () => {
    containers[0]!.behave = dies;
    for (const method of ['GET', 'HEAD']) for (const n of numbers) {
      assert.equal((await visit(`site${n}.localhost`, { method })).status, 200);
    }
    const tried = containers[0]!.got.length / 2;
    assert.ok(tried > 0);
    for (const method of ONCE) {
      for (const container of containers) container.got.length = 0;
      let lost = 0;
      for (const n of numbers) {
        const answer = await visit(`site${n}.localhost`, { method, ...(method === 'DELETE' ? {} : { body: `pay ${n}` }) });
        if (answer.status === 503) {
          assert.equal(answer.headers['x-reeve-page'], 'nobody');
          assert.match(answer.text, new RegExp(answer.headers['x-request-id']!));
          lost++;
        } else assert.equal(answer.status, 200);
        assert.equal(hits().filter(({ headers }) => headers.host === `site${n}.localhost`).length, 1, method);
      }
      assert.equal(lost, tried, method);
      assert.ok(hits().every((one) => one.method === method));
    }
  });

  test('what could not be sent is sent elsewhere, whatever its method', async () => {
    await serve([...members(), refused]);
    for (const method of ONCE) {
      for (const container of containers) container.got.length = 0;
      for (const n of numbers) {
        assert.equal((await visit(`site${n}.localhost`, { method, body: 'x'.repeat(100_000), headers: { 'Content-Length': '100000' } })).status, 200);
      }
      assert.equal(hits().length, COUNT);
      assert.ok(hits().every((one) => one.body === 100_000 && one.method === method));
    }
    await serve(members());
  });

  test('a PUT reaches the container that a GET of the site does, as the visitor sent it, and so does the answer', async () => {
    const at = (await visit('site5.localhost')).text;
    const put = { method: 'PUT', path: '/a%20b?c=%2F', body: 'x'.repeat(3_000_000) };
    const headers = { 'X-Forwarded-For': '203.0.113.1', 'X-Forwarded-Proto': 'https', 'X-Request-Id': 'forged-0123456789', 'X-Reeve-Method': 'DELETE' };
    for (const container of containers) {
      container.got.length = 0;
      container.behave = (got, response) => {
        response.setHeader('X-Reeve-Container', 'forged');
        response.setHeader('X-Reeve-Site', got.headers['x-reeve-reveal'] === '1' ? siteId(5) : 's666666666');
        response.statusCode = 409;
        response.end(`container ${got.container}`);
      };
    }
    const answer = await visit('Site5.localhost:8080', { ...put, headers });
    assert.equal(answer.status, 409);
    assert.equal(answer.text, at);
    assert.equal(answer.headers['x-reeve-container'], undefined);
    assert.equal(answer.headers['x-reeve-site'], undefined);
    const [got] = hits();
    assert.deepEqual([got!.method, got!.url, got!.body], ['PUT', put.path, 3_000_000]);
    assert.equal(got!.headers.host, 'site5.localhost:8080');
    assert.equal(got!.headers['x-forwarded-host'], 'site5.localhost:8080');
    assert.equal(got!.headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(got!.headers['x-forwarded-proto'], 'http');
    assert.equal(got!.headers['x-request-id'], answer.headers['x-request-id']);
    assert.notEqual(got!.headers['x-request-id'], 'forged-0123456789');
    assert.equal(got!.headers.connection, 'close');
    for (const name of ['x-reeve-method', 'x-reeve-reveal']) assert.equal(got!.headers[name], undefined, name);
    const probed = await ask({ socket: places.probeSocket(layoutAt(layout.root)), host: 'site5.localhost', method: 'DELETE' });
    assert.equal(probed.headers['x-reeve-site'], siteId(5));
    assert.match(probed.headers['x-reeve-container']!, /^127\.0\.0\.1:\d+$/);
    await until('the log names the container', () => {
      const logged = readFileSync(`${layout.root}/log/nginx-access.log`, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
      return logged.some((line) => line.method === 'PUT' && line.status === 409 && /^127\.0\.0\.1:\d+$/.test(line.container) && line.request === answer.headers['x-request-id']);
    });
  });

  test('a 502 or 504 of one container is not the visitor’s; a 503, a 500, a POST’s or a DELETE’s is', async () => {
    for (const bad of [502, 504]) {
      containers[0]!.behave = answers(bad);
      for (const n of numbers) assert.equal((await visit(`site${n}.localhost`)).status, 200);
      for (const method of ['POST', 'DELETE']) {
        const statuses = await Promise.all(numbers.map(async (n) => (await visit(`site${n}.localhost`, { method })).status));
        assert.ok(statuses.includes(bad), method);
      }
    }
    for (const status of [503, 500, 421, 404]) {
      for (const container of containers) {
        container.behave = answers(status);
        container.got.length = 0;
      }
      const answer = await visit('site1.localhost');
      assert.equal(answer.status, status);
      assert.equal(answer.text, 'its own words');
      assert.equal(hits().length, 1, String(status));
    }
  });

  test('with no container left, and with none at all, there is a page', async () => {
    for (const [some, method] of [[[refused], 'GET'], [[refused], 'PUT'], [[], 'GET'], [[], 'PUT']] as const) {
      await serve(some);
      const answer = await visit('site1.localhost', { path: '/x.png', method });
      assert.equal(answer.status, 503);
      assert.equal(answer.headers['x-reeve-page'], 'nobody');
      assert.equal(answer.headers['retry-after'], '2');
      assert.match(answer.text, new RegExp(answer.headers['x-request-id']!));
    }
    await serve(members());
    assert.equal((await visit('site1.localhost')).status, 200);
  });

  test('at most three containers are tried', async () => {
    const four = await fakeContainer(4);
    await serve([...members(), four.member]);
    for (const container of [...containers, four]) container.behave = dies;
    assert.equal((await visit('site1.localhost')).status, 503);
    assert.equal(hits().length + four.got.length, 3);
    await four.close();
    await serve(members());
  });

  test('which site and container answered is said on the edge’s own socket, and nowhere else', async () => {
    const open = await visit('site3.localhost');
    assert.equal(open.headers['x-reeve-site'], undefined);
    assert.equal(open.headers['x-reeve-container'], undefined);
    const probed = await ask({ socket: places.probeSocket(layoutAt(layout.root)), host: 'site3.localhost' });
    assert.equal(probed.headers['x-reeve-site'], siteId(3));
    assert.match(probed.headers['x-reeve-container']!, /^127\.0\.0\.1:\d+$/);
  });

  test('the platform’s own names, no name, and too large a body stop here', async () => {
    assert.equal((await visit('ready.reeve.internal')).status, 421);
    assert.equal((await visit('generation.reeve.internal')).status, 421);
    assert.equal(hits().length, 0);
    const large = await visit('site1.localhost', { method: 'POST', headers: { 'Content-Length': String(101 * 1024 * 1024) } });
    assert.equal(large.status, 413);
    assert.equal(large.headers['x-reeve-page'], 'large');
    assert.equal((await visit('unknown.test')).status, 200);
    assert.equal(hits()[0]!.headers.host, 'unknown.test');
  });
});

test('the edge’s files change with members, hostnames and proxies, and with nothing else', () => {
  const edge = createEdgeRenderer(layoutAt('/srv/edge'));
  const member = (n: number) => ({ id: `c00000000${n}`, incarnation: 1, address: '10.0.0.1', port: 8000 + n });
  const one = edge.render(state(), [member(1), member(2)]);
  const same = [
    edge.render({ ...state(), generation: 9 }, [member(2), member(1)]),
    edge.render(desired({ sites: numbers.map((n) => site(n, { rev: 50, secretVersion: 2 })), hostnames: [...state().hostnames.values()] }), [member(1), member(2)]),
  ];
  for (const other of same) assert.equal(other.digests.nginx, one.digests.nginx);
  assert.ok(Object.is(same[0]!.nginx.get('hostnames.conf'), one.nginx.get('hostnames.conf')));
  const others = [
    edge.render(state(), [member(1)]),
    edge.render(state({ trustedProxies: ['10.1.0.0/16'] }), [member(1), member(2)]),
    edge.render(desired({ sites: numbers.map((n) => site(n, n === 1 ? { phase: 'deleted' } : {})), hostnames: [...state().hostnames.values()] }), [member(1), member(2)]),
    edge.render(desired({ sites: numbers.map((n) => site(n)), hostnames: [hostname('site1.localhost', 2)] }), [member(1), member(2)]),
  ];
  assert.equal(new Set([one, ...others].map(({ digests }) => digests.nginx)).size, 5);
  assert.match(others[2]!.nginx.get('hostnames.conf')!, /site2\.localhost/);
  assert.doesNotMatch(others[2]!.nginx.get('hostnames.conf')!, /site1\.localhost/);
  assert.throws(() => edge.render(state(), [{ ...member(1), address: 'x; }' }]), /must be an address/);
});

test('nginx takes an edge’s files without members, and with 20,000 hostnames', async () => {
  const root = scratch('edge-large');
  mkdirSync(places.ownDir(layoutAt(root)), { recursive: true });
  mkdirSync(`${root}/log`);
  const large = desired({ sites: [site(1)], hostnames: Array.from({ length: 20_000 }, (_, i) => hostname(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.h${i}.${'d'.repeat(40)}.org`, 1)) });
  for (const program of nginxes) {
    assert.equal(await testNginx(program, layoutAt(root), createEdgeRenderer(layoutAt(root, 18_081)).render(large, []).nginx), null);
  }
  rmSync(root, { recursive: true, force: true });
});

test('from the visitor through edge and container to the site: one request, one id, the visitor’s own words', { skip: toolsVenv === '' && 'REEVE_TEST_TOOLS_VENV' }, async () => {
  const container = await startContainer({ nginx: anyNginx });
  const root = scratch('edge-chain');
  chmodSync(root, 0o711);
  mkdirSync(places.ownDir(layoutAt(root)), { recursive: true });
  mkdirSync(`${root}/log`);
  const port = await freePort();
  placeRelease(container.layout, releaseId(1));
  const wanted = desired({
    sites: [site(1)], hostnames: [hostname('alpha.localhost', 1), hostname('old.test', 1, { role: 'redirect' })],
    releases: [release(1, { wsgi: { module: 'echo.wsgi', callable: 'application' } })],
  });
  await container.apply(wanted);
  const member = { id: 'c000000001', incarnation: 1, ...container.layout.listen };
  const edge = await startNginx(anyNginx, layoutAt(root), createEdgeRenderer(layoutAt(root, port)).render(wanted, [member]).nginx);
  try {
    const answer = await ask({ port, host: 'alpha.localhost:8080', method: 'POST', path: '/a%20b?c', body: 'x'.repeat(3_000_000), headers: { 'X-Forwarded-For': '203.0.113.1' } });
    const { environ, body } = JSON.parse(answer.text);
    assert.equal(environ.HTTP_HOST, 'alpha.localhost:8080');
    assert.equal(environ.SERVER_PORT, '8080');
    assert.equal(environ.REMOTE_ADDR, '127.0.0.1');
    assert.equal(environ.REQUEST_URI, '/a%20b?c');
    assert.equal(body, 3_000_000);
    assert.equal(environ.HTTP_X_REQUEST_ID, answer.headers['x-request-id']);
    assert.equal(environ.REEVE_PROBE, undefined);
    const moved = await ask({ port, host: 'old.test:8080', path: '/x' });
    assert.equal(moved.headers.location, 'http://alpha.localhost:8080/x');
    const probed = await ask({ socket: places.probeSocket(layoutAt(root)), host: 'alpha.localhost' });
    assert.equal(probed.headers['x-reeve-site'], siteId(1));
    assert.equal(JSON.parse(probed.text).environ.REEVE_PROBE, undefined);
  } finally {
    await edge.stop();
    await container.close();
    rmSync(root, { recursive: true, force: true });
  }
});

test('while every container reloads at once, again and again, no GET through the edge fails', async () => {
  const containers = await Promise.all([1, 2].map(() => startContainer({ nginx: anyNginx, vassals: false })));
  const root = scratch('edge-reloads');
  chmodSync(root, 0o711);
  mkdirSync(places.ownDir(layoutAt(root)), { recursive: true });
  mkdirSync(`${root}/log`);
  const port = await freePort();
  const wanted = (generation: number) => desired({
    generation, sites: numbers.map((n) => site(n)),
    hostnames: [...numbers.map((n) => hostname(`site${n}.localhost`, n)), hostname(`new${generation}.test`, 1, { role: 'alias' })],
  });
  for (const container of containers) {
    placeRelease(container.layout, releaseId(1), { 'x.css': 'body {}' });
    await container.apply(wanted(1));
  }
  const members = containers.map(({ layout: l }, i) => ({ id: `c00000000${i}`, incarnation: 1, ...l.listen }));
  const edge = await startNginx(anyNginx, layoutAt(root), createEdgeRenderer(layoutAt(root, port)).render(wanted(1), members).nginx);
  try {
    let going = true;
    let asked = 0;
    const visitors = Promise.all([1, 2, 3, 4].map(async () => {
      while (going) {
        const answer = await ask({ port, host: `site${(asked++ % COUNT) + 1}.localhost`, path: '/static/x.css' });
        assert.equal(answer.status, 200, answer.text);
        await moment();
      }
    }));
    for (let generation = 2; generation <= 10; generation++) await Promise.all(containers.map((container) => container.apply(wanted(generation))));
    going = false;
    await visitors;
    assert.ok(asked > 100, `only ${asked} requests`);
  } finally {
    await edge.stop();
    for (const container of containers) await container.close();
    rmSync(root, { recursive: true, force: true });
  }
});
