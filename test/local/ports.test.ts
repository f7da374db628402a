import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { choosePort, isPortFree, PortTakenError, readPorts, startOnFreePort } from '../../src/local/ports.ts';

const scratch = mkdtempSync(join(tmpdir(), 'reeve-ports-'));
after(() => rmSync(scratch, { recursive: true }));

async function listen(host: string, port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

test('a taken port is replaced, said and remembered', async () => {
  const home = { portsFile: join(scratch, 'taken.json') };
  const { server, port } = await listen('127.0.0.1');
  const chosen = await choosePort(home, 'api', port);
  assert.ok(chosen.port > port);
  assert.equal(chosen.insteadOf, port);
  server.close();
  await once(server, 'close');
  // The preferred one is free again, but people have the other one in their bookmarks.
  assert.deepEqual(await choosePort(home, 'api', port), { port: chosen.port });
  assert.deepEqual(readPorts(home.portsFile), { api: chosen.port });
});

test('two parts never get one port', async () => {
  const home = { portsFile: join(scratch, 'two.json') };
  const { server, port } = await listen('127.0.0.1');
  server.close();
  await once(server, 'close');
  const first = await choosePort(home, 'api', port);
  const second = await choosePort(home, 'edge', port);
  assert.notEqual(first.port, second.port);
});

test('what was taken between its choice and the start is replaced, and the start made again; what fails otherwise is not', async () => {
  const home = { portsFile: join(scratch, 'since.json') };
  const other = await listen('127.0.0.1');
  let port = other.port;
  const taken: number[] = [];
  const instead = async (one: number) => {
    taken.push(one);
    port = (await choosePort(home, 'temporal', one)).port;
  };
  const start = async () => {
    if (!(await isPortFree(port))) throw new PortTakenError(port);
    return await listen('127.0.0.1', port);
  };
  const started = await startOnFreePort(start, instead);
  assert.deepEqual(taken, [other.port]);
  assert.equal(started.port, port);
  assert.notEqual(port, other.port);
  for (const { server } of [other, started]) server.close();

  await assert.rejects(startOnFreePort(() => Promise.reject(new Error('broken')), instead), /broken/);
  await assert.rejects(startOnFreePort(() => Promise.reject(new PortTakenError(port)), async () => {}), PortTakenError);
});

test('a port that something holds on ::1 alone is taken', async (t) => {
  let held: Awaited<ReturnType<typeof listen>>;
  try {
    held = await listen('::1');
  } catch {
    return t.skip('this machine has no IPv6');
  }
  assert.equal(await isPortFree(held.port), false);
  held.server.close();
});

test('what another start has chosen and does not use yet is passed over, until that start has ended', async (t) => {
  const { server, port } = await listen('127.0.0.1');
  server.close();
  await once(server, 'close');
  const choose = `import { choosePort } from ${JSON.stringify(new URL('../../src/local/ports.ts', import.meta.url).href)};
    const { port } = await choosePort({ portsFile: ${JSON.stringify(join(scratch, 'other.json'))} }, 'api', ${port});
    console.log(port);
    setInterval(() => {}, 1_000);`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', choose], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => { other.kill('SIGKILL'); });
  const [said] = await once(other.stdout, 'data') as [Buffer];
  assert.equal(Number(String(said)), port);
  assert.equal(await isPortFree(port), true, 'nothing listens there yet');
  assert.notEqual((await choosePort({ portsFile: join(scratch, 'own.json') }, 'api', port)).port, port);
  other.kill('SIGKILL');
  await once(other, 'exit');
  assert.equal((await choosePort({ portsFile: join(scratch, 'next.json') }, 'api', port)).port, port);
});

test('what another start has chosen is not even tried: the moment of trying it is one in which that start cannot listen', async (t) => {
  const { server, port } = await listen('127.0.0.1');
  server.close();
  await once(server, 'close');
  const listenAgainAndAgain = `import { createServer } from 'node:net';
    import { choosePort } from ${JSON.stringify(new URL('../../src/local/ports.ts', import.meta.url).href)};
    const { port } = await choosePort({ portsFile: ${JSON.stringify(join(scratch, 'listening.json'))} }, 'api', ${port});
    let [over, refused] = [false, 0];
    process.stdin.once('data', () => { over = true; });
    console.log(port);
    while (!over) {
      const server = createServer();
      await new Promise((done) => server.once('error', () => { refused += 1; done(); }).listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(done)));
      await new Promise((done) => setImmediate(done));
    }
    console.log(refused);
    process.exit();`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', listenAgainAndAgain], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => { other.kill('SIGKILL'); });
  await once(other.stdout, 'data');
  for (let n = 0; n < 200; n += 1) await choosePort({ portsFile: join(scratch, `beside-${n}.json`) }, 'api', port);
  other.stdin.write('over\n');
  const [refused] = await once(other.stdout, 'data') as [Buffer];
  assert.equal(Number(String(refused)), 0);
});
