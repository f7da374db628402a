/** A site's logs and commands, through real agents' listeners over real files. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { askEdge } from '../../src/agent/edge/ask.ts';
import { execForSite } from '../../src/agent/listener/exec.ts';
import { streamLogs } from '../../src/agent/listener/logs.ts';
import { type AgentListener, type Handlers, openListener } from '../../src/agent/listener/server.ts';
import { createLog } from '../../src/log.ts';
import { createClient } from '../../src/api/client.ts';
import { joinContainer, observeContainer } from '../../src/database/container.ts';
import { readSnapshot } from '../../src/database/snapshot.ts';
import type { Desired } from '../../src/domain/desired.ts';
import { type Layout, places } from '../../src/domain/layout.ts';
import { agentToken } from '../../src/domain/secrets.ts';
import { assertProblem, liveSite, startApi, type TestApi } from './harness.ts';

let api: TestApi;
let alpha: string;
let desired: Desired;
const agents: { id: string; root: string; listener: AgentListener; layout: Layout }[] = [];
before(async () => {
  api = await startApi();
  alpha = await liveSite(api, 'alpha');
});
after(async () => {
  for (const { listener, root } of agents) {
    await listener.close();
    rmSync(root, { recursive: true, force: true });
  }
  await api.close();
});

async function addAgent(): Promise<(typeof agents)[number]> {
  const { body: { id } } = await api.send('POST', '/containers', { body: {} });
  const root = mkdtempSync(join(tmpdir(), 'reeve-agent-'));
  const layout = { root, runDir: root, releasesDir: root, storesDir: root, container: id, firstUid: null, nginxUser: null } as unknown as Layout;
  for (const directory of [join(root, 'log'), places.logDir(layout, alpha), join(root, 'sites')]) mkdirSync(directory, { recursive: true });
  let token: string | null = null;
  const listener = await openListener({
    listen: { address: '127.0.0.1', port: 0 }, token: () => token, log: createLog({}, () => {}),
    handlers: {
      health: () => ({ ok: true }), metrics: async () => ({ contentType: 'text/plain', body: '' }), state: () => ({}), reconcile: async () => ({}), files: async () => ({}), look: async () => ({}),
      logs: (site, query, response) => streamLogs(layout, site, query, response),
      traceback: async () => null,
      exec: (site, body, request, response) => execForSite({ layout, desired, site, body }, request, response),
    },
  });
  const incarnation = await joinContainer(api.database.pool, id, 0, { address: '127.0.0.1', port: 1, agentUrl: listener.url, layout: null });
  await observeContainer(api.database.pool, id, incarnation, { state: 'ready' });
  token = agentToken(api.sitesKey, id, incarnation);
  const agent = { id, root, listener, layout };
  agents.push(agent);
  return agent;
}

const access = (root: string, at: string, status: number) =>
  appendFileSync(join(root, 'log/nginx-access.log'), `${JSON.stringify({ at, site: alpha, status, path: '/' })}\n`);

const lines = (text: string) => text.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));

test('with nobody to ask, it says so', async () => {
  assertProblem(await api.send('GET', `/sites/${alpha}/logs`), 503, 'unavailable');
  assertProblem(await api.send('POST', `/sites/${alpha}/exec`, { body: { command: ['check'] } }), 503, 'unavailable');
});

test('lines of every container come in the order of time, each with its container', async () => {
  const [one, two] = [await addAgent(), await addAgent()];
  access(one.root, '2026-01-01T00:00:01.000Z', 200);
  access(two.root, '2026-01-01T00:00:02.000Z', 500);
  access(one.root, '2026-01-01T00:00:03.000Z', 200);
  access(two.root, '2026-01-01T00:00:04.000Z', 200);
  const { status, body, headers } = await api.send('GET', `/sites/alpha/logs`);
  assert.equal(status, 200);
  assert.match(headers.get('content-type')!, /x-ndjson/);
  assert.deepEqual(lines(body).map((line) => [line.at.slice(17, 19), line.container]), [['01', one.id], ['02', two.id], ['03', one.id], ['04', two.id]]);
  assert.deepEqual(lines((await api.send('GET', `/sites/alpha/logs?errors=true`)).body).map(({ status }) => status), [500]);
  assert.equal(lines((await api.send('GET', `/sites/alpha/logs?since=2026-01-01T00:00:03Z`)).body).length, 2);
  assertProblem(await api.send('GET', `/sites/alpha/logs?since=yesterday`), 400, 'bad-request');
});

test('a line in which a site says who it is, or a time that is none, is shown as the site’s, and breaks nothing', async () => {
  const [one] = agents;
  const said = ['{"at":"12:00","message":"noon"}', '{"at":5}', '{"status":"well","message":{"a":1}}', '2026-99-99T99:99:99Z late',
    JSON.stringify({ at: '2026-01-01T00:00:05Z', source: 'access', container: 'c000000000', status: 200, message: 'forged' })];
  writeFileSync(join(places.logDir(one!.layout, alpha), 'site.log'), `${said.join('\n')}\n`);
  const { status, body } = await api.send('GET', `/sites/alpha/logs`);
  assert.equal(status, 200);
  const app = lines(body).filter((line) => line.source === 'app');
  assert.deepEqual(app.slice(0, 4).map(({ message }) => message), said.slice(0, 4), 'nothing of them is lost');
  assert.deepEqual({ ...app[4] }, { at: '2026-01-01T00:00:05Z', source: 'app', container: one!.id, status: 200, message: 'forged' });
  assert.equal(app.length, 5);
  rmSync(join(places.logDir(one!.layout, alpha), 'site.log'));
});

test('following goes on until the reader goes', async () => {
  const client = createClient({ api: api.url, token: api.token });
  const seen: { status: number; container: string }[] = [];
  for await (const line of client.stream(`/sites/${alpha}/logs`, { query: { follow: true } })) {
    seen.push(line);
    if (seen.length === 4) for (const [i, { root }] of agents.entries()) access(root, new Date().toISOString(), 201 + i);
    if (seen.length === 6) break;
  }
  assert.deepEqual(new Set(seen.slice(4).map(({ container }) => container)), new Set(agents.map(({ id }) => id)));
});

test('a command runs in a container, says what it says, and is on record', async () => {
  desired = await readSnapshot(api.database.pool);
  const release = desired.sites.get(alpha)!.release!;
  const manifest = { ...desired.releases.get(release)!.manifest!, venv: 'venv', settings: 'x.settings' };
  desired = { ...desired, releases: new Map([[release, { ...desired.releases.get(release)!, manifest }]]) };
  for (const { layout, root } of agents) {
    mkdirSync(join(places.release(layout, release), 'code'), { recursive: true });
    writeFileSync(places.siteFile(layout, alpha), JSON.stringify({ version: 1, site: { id: alpha, name: 'alpha' }, env: { GREETING: 'good day' }, work: root, hostnames: [] }));
  }
  const command = ['sh', '-c', 'echo "$GREETING from $REEVE_SITE_ID"; cat; echo oops >&2; exit 3'];
  const { status, body } = await api.send('POST', `/sites/${alpha}/exec`, { body: { command, stdin: Buffer.from('typed\n').toString('base64') } });
  assert.equal(status, 200, body.detail);
  const frames = lines(body);
  const said = (stream: string) => frames.filter((frame) => frame.stream === stream).map(({ data }) => Buffer.from(data, 'base64').toString()).join('');
  assert.equal(said('stdout'), `good day from ${alpha}\ntyped\n`);
  assert.equal(said('stderr'), 'oops\n');
  assert.deepEqual(frames.at(-1), { exit: 3 });
  const { items } = (await api.send('GET', `/audit?subject=site:${alpha}`)).body;
  assert.deepEqual(items[0].after.command, command);
  assertProblem(await api.send('POST', `/sites/${alpha}/exec`, { body: { command: [] } }), 422, 'invalid');
  assertProblem(await api.send('POST', `/sites/${alpha}/exec`, { body: { command: ['x'], container: 'c000000000' } }), 503, 'unavailable');
});

test('a container that does not answer is named, and the others are read', async () => {
  const silent = agents.pop()!;
  await silent.listener.close();
  const seen = lines((await api.send('GET', `/sites/alpha/logs`)).body);
  const gap = seen.find(({ source }) => source === 'reeve');
  assert.equal(gap.container, silent.id);
  assert.match(gap.message, /missing/);
  assert.ok(seen.some(({ container }) => container === agents[0]!.id));
  const ran = await api.send('POST', `/sites/${alpha}/exec`, { body: { command: ['sh', '-c', 'true'] } });
  assert.deepEqual(lines(ran.body), [{ exit: 0 }], 'the next one takes it');
  await agents[0]!.listener.close();
  const nobody = await api.send('GET', `/sites/alpha/logs`);
  assertProblem(nobody, 503, 'unavailable');
  assert.match(nobody.body.detail, new RegExp(silent.id));
  rmSync(silent.root, { recursive: true, force: true });
});

test('an edge is asked which container answers for a hostname; one that cannot be asked is unknown', async (t) => {
  const edge = 'c0000000ed';
  const root = mkdtempSync(join(tmpdir(), 'reeve-edge-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  // What is asked over nginx's own socket, and what nginx says there.
  const asked: unknown[][] = [];
  const nginx = createServer((request, response) => {
    asked.push([request.method, request.url, request.headers.host, request.headers['x-forwarded-proto']]);
    response.writeHead(200, { 'x-reeve-site': alpha, 'x-reeve-container': '10.0.0.1:80, 10.0.0.2:80' }).end('page');
  });
  await new Promise<void>((resolve) => nginx.listen(join(root, 'probe.sock'), resolve));
  t.after(() => nginx.close());
  const members = [{ id: 'c000000001', incarnation: 1, address: '10.0.0.1', port: 80 }, { id: 'c000000002', incarnation: 1, address: '10.0.0.2', port: 80 }] as const;
  const handlers = { answer: (hostname: string) => askEdge(hostname, { socket: join(root, 'probe.sock'), desired, members }) } as unknown as Handlers;
  const listener = await openListener({ listen: { address: '127.0.0.1', port: 0 }, token: () => null, log: createLog({}, () => {}), handlers });
  await api.database.pool.query(`insert into container (id, slot, role) values ($1, 'edge', 'edge')`, [edge]);
  await joinContainer(api.database.pool, edge, 0, { address: '127.0.0.1', port: 1, agentUrl: listener.url, layout: null });

  const why = async () => {
    const { status, body } = await api.send('GET', '/why/alpha.localhost');
    assert.equal(status, 200, body.detail);
    return { edge: body.edges[0], line: body.lines.find(({ what }: { what: string }) => what === 'edge') };
  };
  const { edge: { answered: { ms, ...answered }, ...its }, line } = await why();
  assert.deepEqual(its, { id: edge, alive: true });
  assert.deepEqual(answered, { status: 200, container: 'c000000002', tried: ['c000000001'], site: alpha, failure: null });
  assert.deepEqual(line, { what: 'edge', subject: edge, state: 'ok', reason: `c000000002 answers 200 in ${Math.round(ms)} ms, after c000000001` });
  assert.deepEqual(asked, [['GET', '/', 'alpha.localhost:8080', 'http']], 'as its visitors come, and once');

  await listener.close();
  const silent = await why();
  assert.deepEqual(silent.edge, { id: edge, alive: true, answered: null });
  assert.equal(silent.line.state, 'unknown');
  await api.database.pool.query(`update container set lease_expires_at = clock_timestamp() - interval '1 second' where id = $1`, [edge]);
  assert.deepEqual((await why()).edge, { id: edge, alive: false, answered: null });
});
