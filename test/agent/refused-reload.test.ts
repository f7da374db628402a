/** A configuration that passes nginx's test, and that a running nginx refuses all the same: by real nginx. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { proofReader } from '../../src/agent/nginx/proof.ts';
import { type Configuration, routing } from '../../src/agent/reconcile/routing.ts';
import { identify } from '../../src/agent/supervise/processes.ts';
import { places } from '../../src/domain/layout.ts';
import { createLog } from '../../src/log.ts';
import { until } from '../local/wait.ts';
import { layout as layoutAt } from '../render/fixture.ts';

const NGINX = process.env.REEVE_TEST_NGINX ?? '/usr/sbin/nginx';
const root = mkdtempSync(join(tmpdir(), 'rv-refused-'));
const layout = { ...layoutAt(root), root, runDir: root, nginx: NGINX };
for (const directory of ['nginx', 'own', 'log']) mkdirSync(join(root, directory));

/** Sharing a zone between keys is refused by a reload, and not by a test: it is the running zone that differs. */
const configuration = (digest: string, key: string): Configuration => ({
  digests: { nginx: digest },
  nginx: new Map([['nginx.conf', `
    pid ${root}/nginx/nginx.pid;
    error_log ${root}/log/nginx-error.log warn;
    events {}
    http {
      access_log off;
      limit_conn_zone ${key} zone=z:1m;
      server {
        listen unix:${places.probeSocket(layout)} default_server;
        location / { return 200 '{"epoch":1,"generation":${digest.length},"digest":"${digest}"}'; }
      }
    }`]]),
});

let stop = async () => {};
after(async () => {
  await stop();
  rmSync(root, { recursive: true, force: true });
});

test('what nginx refuses though its test passed is taken back, said once, and followed by what it takes', async () => {
  let pid = 0;
  const lines: string[] = [];
  const proof = proofReader(places.probeSocket(layout));
  // A signal to pid 0 would be one to the tests themselves.
  const find = () => (pid === 0 ? null : identify(pid));
  const nginx = routing({
    layout, proof, log: createLog({}, (line) => lines.push(line)), isHurried: () => false,
    siblings: { find, signal: (_, signal) => find() !== null && process.kill(pid, signal) },
  });
  const good = configuration('aaaaaaaaaaaaaaaa', '$host');
  assert.deepEqual(await nginx.test(good), { ok: true });
  nginx.apply(good, 1);
  const child = spawn(NGINX, ['-p', `${root}/nginx`, '-c', `${places.nginxCurrent(layout)}/nginx.conf`, '-e', `${root}/log/nginx-error.log`,
    '-g', 'daemon off;'], { stdio: 'ignore' });
  pid = child.pid!;
  stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    await proof.close();
  };
  await until('it is proved', async () => (await nginx.prove()) === null);
  const before = readlinkSync(places.nginxCurrent(layout));

  const bad = configuration('bbbbbbbbbbbbbbbbbb', '$uri');
  assert.deepEqual(await nginx.test(bad), { ok: true });
  nginx.apply(bad, 2);
  const goneBackTo = `${root}/nginx/${before}/nginx.conf`;
  appendFileSync(goneBackTo, '# by hand\n');
  let said = await nginx.prove();
  await until('it has gone back', async () => {
    said = await nginx.prove();
    return readlinkSync(places.nginxCurrent(layout)) === before;
  });
  assert.equal(readFileSync(goneBackTo, 'utf8'), good.nginx.get('nginx.conf'));
  assert.deepEqual(nginx.foundAtSwitch(), [{ path: goneBackTo, kind: 'changed' }]);
  // The next passes want the same, and leave nginx alone.
  assert.deepEqual(await nginx.test(bad), { ok: true });
  nginx.apply(bad, 2);
  said = await nginx.prove();
  assert.equal(said?.on, 'nginx');
  assert.match(said.message, /whose test passed: .*\[emerg\].*zone|limit_conn/);
  assert.equal((await proof.read())?.digest, 'aaaaaaaaaaaaaaaa');
  assert.equal(readlinkSync(places.nginxCurrent(layout)), before);
  assert.equal(lines.filter((line) => line.includes('configuration refused')).length, 1);

  const next = configuration('cccccccccccccc', '$host');
  assert.deepEqual(await nginx.test(next), { ok: true });
  nginx.apply(next, 3);
  await until('what it takes is proved', async () => (await nginx.prove()) === null);
});
