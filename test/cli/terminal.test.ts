/** What a person at a terminal sees: colours, a bar that is redrawn, and questions. `script` (util-linux) is the terminal. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run, startContract, step } from './contract-server.ts';
import { EMPTY_HOME } from './program.ts';

const PROGRAM = fileURLToPath(new URL('../../src/bin/reeve.ts', import.meta.url));
const skip = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '') ? false : 'needs script of util-linux';
const SITE = { id: 's000000001', name: 'alpha', status: 'active', hostnames: [], conditions: [], settings: {}, release: 'r1', rev: 1, createdAt: '2030-01-01T00:00:00Z' };

const opened: { close(): Promise<void> }[] = [];
after(() => Promise.all(opened.map((server) => server.close())));

async function contract(...given: Parameters<typeof startContract>) {
  const server = await startContract(...given);
  opened.push(server);
  return server;
}

/** @param answer typed once the screen shows `question` */
async function onTerminal(args: readonly string[], env: Record<string, string>, answer?: { question: RegExp; text: string }) {
  // A person's terminal: Node shows fewer colours, or none, where CI is set.
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env;
  const quoted = [process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, ...args].map((part) => `'${part}'`).join(' ');
  const child = spawn('script', ['-qefc', `stty cols 100 rows 40; ${quoted}`, '/dev/null'],
    { env: { ...inherited, REEVE_HOME: EMPTY_HOME, TERM: 'xterm', ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  let screen = '';
  let typed = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (!answer || typed || !answer.question.test(screen)) return;
    typed = true;
    child.stdin.write(answer.text);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, screen };
}

describe('on a terminal', { skip }, () => {
  test('tables are coloured, unless NO_COLOR says not to', async () => {
    const server = await contract({ 'GET /sites': { body: { items: [SITE], next: null } } }, {});
    assert.ok((await onTerminal(['site', 'list'], server.env)).screen.includes('\x1b[32mactive\x1b[39m'));
    assert.ok(!(await onTerminal(['site', 'list'], { ...server.env, NO_COLOR: '1' })).screen.includes('\x1b[3'));
  });

  test('a run is a bar with its steps, drawn over itself, and the cursor comes back', async () => {
    const { code, screen } = await onTerminal(['run', 'watch', 'w000000001'], (await contract({}, { w000000001: [
      run('requested'),
      run('running', { steps: [step('claim', 'completed'), step('createRole', 'running')], progress: 0.25 }),
      run('completed', { steps: [step('claim', 'completed'), step('createRole', 'completed')], progress: 1 }),
    ] })).env);
    assert.equal(code, 0);
    assert.match(screen, /██████.*░.* 25 %/);
    assert.ok(screen.includes('\x1b[1A'), 'it goes up a line to draw over itself');
    assert.match(screen, /█{24}.* 100 %/);
    assert.ok(screen.lastIndexOf('\x1b[?25h') > screen.lastIndexOf('\x1b[?25l'));
  });

  const deletable = () => contract({
    'GET /sites/alpha': { body: SITE }, 'GET /sites/s000000001': { body: SITE },
    'DELETE /sites/s000000001': { status: 202, body: SITE },
  }, {});

  test('what destroys asks for the name, and goes on when it is typed', async () => {
    const server = await deletable();
    const { code, screen } = await onTerminal(['site', 'delete', 'alpha'], server.env, { question: /Type alpha to go on: /, text: 'alpha\r' });
    assert.equal(code, 0, screen);
    assert.match(screen, /This would delete the site alpha/);
    assert.equal(server.asked.at(-1)!.method, 'DELETE');
    assert.equal(server.asked.at(-1)!.headers['if-match'], '"1"');
  });

  for (const [what, text, expected] of [['another name', 'beta\r', 2], ['Ctrl-C', '\x03', 130], ['Ctrl-D', '\x04', 2]] as const) {
    test(`${what} changes nothing`, async () => {
      const server = await deletable();
      const { code, screen } = await onTerminal(['site', 'delete', 'alpha'], server.env, { question: /Type alpha to go on: /, text });
      assert.equal(code, expected, screen);
      assert.match(screen, /nothing was changed/);
      assert.ok(server.asked.every(({ method }) => method === 'GET'));
    });
  }

  test('whoever types the file itself, to its end, is asked nothing after it', async () => {
    const list = (...items: unknown[]) => ({ body: { items, next: null } });
    const server = await contract({ 'GET /settings': { body: {} }, 'GET /sites': list(SITE), 'GET /hostnames': list() }, {});
    const { code, screen } = await onTerminal(['apply', '-f', '-'], { ...server.env, NODE_DEBUG: 'net' },
      { question: /NET .*: _read/, text: 'absent: {sites: [alpha]}\r\x04' });
    assert.equal(code, 2, screen);
    assert.match(screen, /this would take away site alpha: say --yes, as nobody can be asked here/);
  });
});
