/** The agent's own listener: logs, commands, state, and who may ask. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, linkSync, lutimesSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { agentToken } from '../../src/domain/secrets.ts';
import { until } from '../local/wait.ts';
import { createContainer, type TestContainer } from './container.ts';
import { createPlatform, type TestPlatform } from './platform.ts';

let platform: TestPlatform;
let container: TestContainer;
let site: string;
let url: string;
let headers: Record<string, string>;
before(async () => {
  platform = await createPlatform();
  container = await createContainer(platform);
  site = await platform.addSite({ env: { COLOR: 'green' } });
  container.start();
  await container.untilReady();
  const row = await container.row();
  url = row.agent_url;
  headers = { authorization: `Bearer ${agentToken(platform.sitesKey, container.id, row.incarnation)}` };
});
after(async () => {
  await container?.remove();
  await platform?.close();
});

interface Frame { stream?: string; data?: string; exit?: number }

async function exec(command: string[], more: object = {}): Promise<{ out: string; exit: number | undefined }> {
  const response = await fetch(`${url}/exec/${site}`, { method: 'POST', headers, body: JSON.stringify({ command, ...more }) });
  const frames = (await response.text()).trim().split('\n').map((line) => JSON.parse(line) as Frame);
  const out = frames.map(({ data }) => Buffer.from(data ?? '', 'base64').toString()).join('');
  return { out, exit: frames.at(-1)?.exit };
}

test('health and metrics are open, the rest takes this incarnation’s token', async () => {
  const health = await fetch(`${url}/healthz`);
  assert.equal(health.status, 200);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^reeve_agent_generation \d+$/m);
  for (const path of ['/state', `/logs/${site}`]) assert.equal((await fetch(url + path)).status, 401);
  const stale = { authorization: `Bearer ${agentToken(platform.sitesKey, container.id, 99)}` };
  assert.equal((await fetch(`${url}/state`, { headers: stale })).status, 401);
  const state = await (await fetch(`${url}/state`, { headers })).json() as { container: string; vassals: { awake: number } };
  assert.equal(state.container, container.id);
  assert.equal(state.vassals.awake, 1);
  assert.equal((await fetch(`${url}/logs/nonsense`, { headers })).status, 404);
});

test('the last traceback of a site’s log comes without its secrets, and only with the token', async () => {
  const ask = async (given: Record<string, string> = headers) => await fetch(`${url}/traceback/${site}`, { headers: given });
  assert.equal((await ask({})).status, 401);
  assert.deepEqual(await (await ask()).json(), { traceback: null });
  const { database } = JSON.parse(readFileSync(`${container.root}/sites/${site}.json`, 'utf8'));
  appendFileSync(`${container.root}/log/sites/${site}/site.log`,
    `Traceback (most recent call last):\n  File "app.py", line 3, in application\n    connect("${database.password}")\nRuntimeError: no green ${database.password}\n`);
  assert.deepEqual(await (await ask()).json(), {
    traceback: 'Traceback (most recent call last):\n  File "app.py", line 3, in application\n    connect("***")\nRuntimeError: no green ***',
  });
});

test('what a site’s code puts where its log is, is neither followed nor waited for, and no log of another user’s', async () => {
  const directory = `${container.root}/log/sites/${site}`;
  const own = `${platform.scratch}/own`;
  writeFileSync(own, 'Traceback (most recent call last):\nRuntimeError: the platform’s own words\n', { mode: 0o600 });
  const ask = async (path: string) => await (await fetch(`${url}/${path}/${site}`, { headers, signal: AbortSignal.timeout(20_000) })).text();
  const agent = container.pid('agent');
  const newest = new Date(Date.now() + 60_000);
  const puts: Record<string, (path: string) => void> = {
    link: (path) => symlinkSync(own, path),
    ...(process.getuid?.() === 0 ? { 'hard link': (path) => linkSync(own, path) } : {}),
    fifo: (path) => void execFileSync('mkfifo', [path]),
    directory: (path) => void mkdirSync(path),
  };
  for (const [what, put] of Object.entries(puts)) {
    const path = `${directory}/x.log`;
    put(path);
    lutimesSync(path, newest, newest);
    for (const route of ['logs', 'traceback']) {
      const said = await ask(route);
      assert.doesNotMatch(said, /own words/, what);
      assert.match(said, /no green/, `${what}: its own log is still read`);
    }
    rmSync(path, { recursive: true });
  }
  assert.equal(container.pid('agent'), agent);
});

test('a log that is swapped for something else while it is followed is followed again when it is back', async () => {
  const directory = `${container.root}/log/sites/${site}`;
  const agent = container.pid('agent');
  const abort = new AbortController();
  const following = await fetch(`${url}/logs/${site}?follow=true`, { headers, signal: abort.signal });
  let text = '';
  const reading = (async () => {
    for await (const chunk of following.body!) text += Buffer.from(chunk).toString();
  })().catch(() => {});
  await until('it is followed', () => text.includes('no green'));
  renameSync(`${directory}/site.log`, `${directory}/aside`);
  mkdirSync(`${directory}/site.log`);
  // Who watches the file looks at its name now.
  appendFileSync(`${directory}/aside`, 'aside\n');
  await container.get(`${site}.test`, '/while-it-is-a-directory');
  await until('the rest goes on', () => text.includes('/while-it-is-a-directory'));
  rmdirSync(`${directory}/site.log`);
  renameSync(`${directory}/aside`, `${directory}/site.log`);
  appendFileSync(`${directory}/site.log`, 'it is back\n');
  await until('its lines come again', () => text.includes('it is back'));
  abort.abort();
  await reading;
  assert.equal(container.pid('agent'), agent);
});

test('a command runs with the site’s environment and as its user, with its input and exit code', async () => {
  const { out, exit } = await exec(['python3', '-c', 'import os, sys; print(os.environ["COLOR"], os.getuid(), sys.stdin.read()); sys.exit(3)'],
    { stdin: Buffer.from('hello').toString('base64') });
  assert.match(out, /^green \d+ hello\n$/);
  const uid = Number(out.split(' ')[1]);
  if (process.getuid?.() === 0) assert.ok(uid > 61_000, `as the site’s user, not ${uid}`);
  assert.equal(exit, 3);
});

test('a command that says more than its reader takes waits for it, and is heard whole', async () => {
  const megabytes = 64;
  const progress = `${container.root}/work/${site}/said`;
  // By a file: of two streams that have both something to say, either may come first.
  const pidFile = `${container.root}/work/${site}/pid`;
  const said = () => (existsSync(progress) ? Number(readFileSync(progress, 'utf8')) : 0);
  const abort = new AbortController();
  const start = async () => (await fetch(`${url}/exec/${site}`, {
    method: 'POST', headers, signal: abort.signal,
    body: JSON.stringify({ command: ['sh', '-c', `echo $$ > ${pidFile}; for i in $(seq ${megabytes}); do head -c 1048576 /dev/zero; echo $i > ${progress}; done`] }),
  })).body!.getReader();
  /** All of it, or no more for twenty looks. */
  const untilItWaits = async () => {
    let [last, same] = [-1, 0];
    await until('it has said all that is taken of it', () => {
      const now = said();
      same = now > 0 && now === last ? same + 1 : 0;
      last = now;
      return now === megabytes || same === 20;
    });
  };
  const reader = await start();
  const chunks = [(await reader.read()).value!];
  await untilItWaits();
  assert.ok(said() < megabytes, 'nobody has read it, and it is all said');
  for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
  const frames = Buffer.concat(chunks).toString().trim().split('\n').map((line) => JSON.parse(line) as Frame);
  assert.equal(frames.filter(({ stream }) => stream === 'stdout').reduce((sum, { data }) => sum + Buffer.byteLength(data!, 'base64'), 0), megabytes * 1_048_576);
  assert.deepEqual(frames.at(-1), { exit: 0 });

  // One whose reader goes while it waits is ended.
  rmSync(progress);
  await (await start()).read();
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await untilItWaits();
  process.kill(pid, 0);
  abort.abort();
  await until('it is ended', () => { try { process.kill(pid, 0); return false; } catch { return true; } });
});

test('a command that takes too long, or whose client goes away, is ended with what it started', async () => {
  assert.equal((await exec(['sh', '-c', 'sleep 60 & wait'], { timeoutSeconds: 1 })).exit, 124);
  const abort = new AbortController();
  const response = await fetch(`${url}/exec/${site}`, {
    method: 'POST', headers, signal: abort.signal, body: JSON.stringify({ command: ['sh', '-c', 'echo $$; sleep 60'] }),
  });
  const { value } = await response.body!.getReader().read();
  const pid = Number(Buffer.from((JSON.parse(Buffer.from(value!).toString()) as Frame).data!, 'base64').toString());
  process.kill(pid, 0);
  abort.abort();
  await until('it is ended', () => { try { process.kill(pid, 0); return false; } catch { return true; } });
});

test('a site’s log has its requests and what its process said, and follows what comes', async () => {
  const other = await platform.addSite();
  await until('it serves', async () => (await container.get(`${other}.test`)).status === 200);
  await container.get(`${site}.test`, '/first');
  const lines = (text: string) => text.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
  await until('the request is in the log', async () =>
    lines(await (await fetch(`${url}/logs/${site}`, { headers })).text()).some((line) => line.source === 'access' && line.path === '/first'));
  const all = lines(await (await fetch(`${url}/logs/${site}`, { headers })).text());
  assert.ok(all.some((line) => line.source === 'app'), 'what the process said');
  assert.ok(all.every((line) => line.source !== 'access' || line.site === site), 'nothing of another site');
  const errors = lines(await (await fetch(`${url}/logs/${site}?errors=true`, { headers })).text());
  assert.ok(errors.every((line) => line.source === 'app'));

  const abort = new AbortController();
  const following = await fetch(`${url}/logs/${site}?follow=true&since=${new Date().toISOString()}`, { headers, signal: abort.signal });
  const seen = (async () => {
    for await (const chunk of following.body!) if (Buffer.from(chunk).toString().includes('/second')) return true;
    return false;
  })();
  await container.get(`${site}.test`, '/second');
  assert.ok(await seen);
  abort.abort();
});
