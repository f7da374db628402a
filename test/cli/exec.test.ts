/** Commands in a site, and its log: what comes line by line. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type Answer, startContract } from './contract-server.ts';
import { reeve, start } from './program.ts';

const opened: { close(): Promise<void> }[] = [];
after(() => Promise.all(opened.map((server) => server.close())));

async function contract(answers: Record<string, Answer>) {
  const server = await startContract({ 'GET /sites/alpha': { body: { id: 's000000001', name: 'alpha' } }, ...answers }, {});
  opened.push(server);
  return server;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const EXEC = 'POST /sites/s000000001/exec';
const LOGS = 'GET /sites/s000000001/logs';

describe('reeve site exec', () => {
  test('passes on both streams as they are, and ends with the command’s own code', async () => {
    const server = await contract({ [EXEC]: { lines: [
      { stream: 'stdout', data: base64('ein ') }, { stream: 'stderr', data: base64('warning\n') }, { stream: 'stdout', data: base64('Wörtchen\n') }, { exit: 3 },
    ] } });
    const ended = await reeve(['site', 'exec', 'alpha', '--', 'check', '--deploy', '--json'], server.env);
    assert.deepEqual(ended, { code: 3, stdout: 'ein Wörtchen\n', stderr: 'warning\n' });
    assert.deepEqual(server.asked.at(-1)!.body, { command: ['check', '--deploy', '--json'], stdin: null });
  });

  test('what is piped in becomes its standard input', async () => {
    const server = await contract({ [EXEC]: { lines: [{ exit: 0 }] } });
    const { code } = await reeve(['site', 'exec', 'alpha', '--container', 'c000000001', '--timeout', '2m', '--', 'shell'], server.env, 'print(1)\n');
    assert.equal(code, 0);
    assert.deepEqual(server.asked.at(-1)!.body, { command: ['shell'], container: 'c000000001', stdin: base64('print(1)\n'), timeoutSeconds: 120 });
  });

  test('a connection that ends before the command does is said', async () => {
    const server = await contract({ [EXEC]: { lines: [{ stream: 'stdout', data: base64('half') }] } });
    const { code, stderr } = await reeve(['site', 'exec', 'alpha', '--', 'check'], server.env);
    assert.equal(code, 7);
    assert.match(stderr, /the connection ended before the command did/);
  });

  test('without a command it says how it is used', async () => {
    const server = await contract({});
    const { code, stderr } = await reeve(['site', 'exec', 'alpha'], server.env);
    assert.deepEqual([code, server.asked.length], [2, 0]);
    assert.match(stderr, /missing required argument 'command'/);
  });
});

describe('reeve site logs', () => {
  const lines = [
    { container: 'c1', at: '2030-01-01T00:00:00Z', source: 'access', status: 200, method: 'GET', uri: '/' },
    { container: 'c2', at: '2030-01-01T00:00:01Z', source: 'app', message: 'Traceback\x1b[2J' },
  ];

  test('are shown a line each, or as they are with --json', async () => {
    const server = await contract({ [LOGS]: { lines } });
    const shown = await reeve(['site', 'logs', 'alpha', '--since', '10m'], server.env);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /^2030-01-01T00:00:00Z {2}c1 {2}access {2}200 {2}method=GET {2}uri=\/\n2030-01-01T00:00:01Z {2}c2 {2}app {2}Traceback/);
    assert.ok(!shown.stdout.includes('\x1b'), 'what a site logs must not move the cursor');
    const json = await reeve(['site', 'logs', 'alpha', '--json'], server.env);
    assert.deepEqual(json.stdout.trimEnd().split('\n').map((line) => JSON.parse(line)), lines);
  });

  test('are followed until Ctrl-C, which is no failure', async () => {
    const server = await contract({ [LOGS]: { lines, open: true } });
    const following = start(['site', 'logs', 'alpha', '-f', '--errors'], server.env);
    await following.stdoutMatches(/Traceback/);
    following.kill('SIGINT');
    const { code, stderr } = await following.ended;
    assert.deepEqual([code, stderr], [0, '']);
  });
});
