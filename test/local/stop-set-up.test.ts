/** `reeve up` that is stopped, or fails, while set-up downloads: the download ends with it, and nothing half made stays. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test, type TestContext } from 'node:test';
import { start } from '../cli/program.ts';
import { findHome } from '../../src/local/home.ts';
import { findPrograms } from '../../src/local/setup/command.ts';
import { until } from './wait.ts';

const scratch = mkdtempSync(join(tmpdir(), 'reeve-stop-set-up-'));
chmodSync(scratch, 0o755);
const home = findHome({ root: join(scratch, 'home'), env: {} });
after(() => {
  for (const place of [scratch, home.runDir]) rmSync(place, { recursive: true, force: true });
});

/** Answers whatever it is asked, and whatever it is to connect to, with a byte a second, and never ends. */
let slow: Server;
let url: string;
/** The first that asks; `left` once it has gone. */
let asked: Promise<{ left: Promise<unknown> }>;
beforeEach(async () => {
  const first = Promise.withResolvers<{ left: Promise<unknown> }>();
  asked = first.promise;
  slow = createServer();
  slow.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      const dripping = setInterval(() => socket.write('x'), 1_000);
      const left = once(socket, 'close').then(() => clearInterval(dripping));
      socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
      first.resolve({ left });
    });
  });
  slow.listen(0, '127.0.0.1');
  await once(slow, 'listening');
  url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
});
afterEach(() => {
  slow.closeAllConnections();
  slow.close();
});

const away = 'postgres://127.0.0.1:9/reeve';
const NO_DOWNLOAD = findPrograms('temporal').length > 0 && 'nothing is downloaded where there is one on PATH';
const servers = { DATABASE_URL: away, REEVE_SITES_DATABASE_URL: away };

async function stopWhileItDownloads(t: TestContext, env: Readonly<Record<string, string>>): Promise<void> {
  const running = start(['up'], { REEVE_HOME: home.root, ...servers, ...env });
  t.after(() => running.kill('SIGKILL'));
  const { left } = await Promise.race([asked, running.ended.then(({ stdout, stderr }) => Promise.reject(new Error(`it downloads nothing: ${stdout}${stderr}`)))]);
  running.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  await left;
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /Stopped/);
}

test('what pip brings', { timeout: 60_000 }, async (t) => {
  const tools = join(scratch, 'tools');
  const temporary = join(scratch, 'tmp');
  mkdirSync(temporary);
  await stopWhileItDownloads(t, {
    TEMPORAL_ADDRESS: '127.0.0.1:9', REEVE_TOOLS: tools, TMPDIR: temporary,
    PIP_CONFIG_FILE: '/dev/null', PIP_INDEX_URL: `${url}/simple`, PIP_NO_CACHE_DIR: '1',
  });
  // pip itself and which Python was chosen were whole before.
  assert.deepEqual(readdirSync(tools).filter((name) => !/^pip-[\d.]+-py3-none-any$|^python\.json$/.test(name)), []);
  assert.deepEqual(readdirSync(temporary).filter((name) => name.startsWith('pip-')), []);
});

test('Temporal', { timeout: 60_000, skip: NO_DOWNLOAD }, async (t) => {
  const cache = join(scratch, 'cache');
  await stopWhileItDownloads(t, { TEMPORAL_ADDRESS: '', XDG_CACHE_HOME: cache, HTTPS_PROXY: url, https_proxy: url });
  assert.deepEqual(readdirSync(join(cache, 'reeve')), []);
});

test('Temporal is not built to its end for a set-up that fails', { timeout: 60_000, skip: NO_DOWNLOAD }, async (t) => {
  const [began, ended, bin, cache, tools] = ['began', 'ended', 'bin', 'failing-cache', 'failing-tools'].map((name) => join(scratch, name)) as [string, string, string, string, string];
  mkdirSync(bin);
  writeFileSync(join(bin, 'go'), `#!/bin/sh\ntouch '${began}'\nsleep 20\ntouch '${ended}'\nexit 1\n`, { mode: 0o755 });
  // What pip asks for is not there, once Temporal is being built.
  const index = createServer((_, response) => void until('Go to build', () => existsSync(began)).finally(() => response.writeHead(404).end()));
  index.listen(0, '127.0.0.1');
  await once(index, 'listening');
  t.after(() => index.close());
  const running = start(['up'], {
    REEVE_HOME: home.root, ...servers, TEMPORAL_ADDRESS: '', PATH: `${bin}:${process.env.PATH}`, XDG_CACHE_HOME: cache,
    HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', REEVE_TOOLS: tools,
    PIP_CONFIG_FILE: '/dev/null', PIP_INDEX_URL: `http://127.0.0.1:${(index.address() as AddressInfo).port}/simple`, PIP_NO_CACHE_DIR: '1',
  });
  t.after(() => running.kill('SIGKILL'));
  const { code, stdout, stderr } = await running.ended;
  assert.equal(code, 1, stdout);
  assert.match(stderr, /^reeve: pip failed: .*\n$/);
  assert.equal(existsSync(ended), false, 'the build went on');
  assert.deepEqual(readdirSync(join(cache, 'reeve')), []);
});
