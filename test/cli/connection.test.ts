import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Command } from 'commander';
import { findConnection } from '../../src/cli/connection.ts';
import { buildCommandLine } from '../../src/cli/index.ts';
import { loginsFile, readLogins, withLogin, withoutLogin, writeLogins } from '../../src/cli/login/store.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { EMPTY_HOME, reeve } from './program.ts';

const home = mkdtempSync(join(tmpdir(), 'reeve-test-cli-home-'));
chmodSync(home, 0o711);
after(() => rmSync(home, { recursive: true, force: true }));
writeFileSync(join(home, 'access.json'), JSON.stringify({ api: 'http://127.0.0.1:8081', edge: 'http://alpha.localhost:8080', token: 'local' }), { mode: 0o600 });
const tokenFile = join(home, 'token');
writeFileSync(tokenFile, 'from-file\n', { mode: 0o600 });
const RUNNING = { REEVE_HOME: home, XDG_CONFIG_HOME: EMPTY_HOME };
const NONE = { REEVE_HOME: EMPTY_HOME, XDG_CONFIG_HOME: EMPTY_HOME };

const found = (...given: Parameters<typeof findConnection>) => {
  const { api, token } = findConnection(...given);
  return `${api} ${token}`;
};
const refused = (...given: Parameters<typeof findConnection>) => {
  try {
    return found(...given);
  } catch (error) {
    assert.ok(isReeveError(error));
    return error.type;
  }
};

describe('the platform that is talked to', () => {
  test('is the one of this machine, or the one that is named', () => {
    assert.equal(found({}, RUNNING), 'http://127.0.0.1:8081 local');
    assert.equal(found({}, { ...RUNNING, REEVE_API: 'https://reeve.example.org/', REEVE_TOKEN: 't' }), 'https://reeve.example.org t');
    assert.equal(found({ api: 'https://reeve.example.org/api/v1', tokenFile }, RUNNING), 'https://reeve.example.org from-file');
  });

  test('never gets the token of another one', () => {
    assert.equal(refused({ api: 'https://elsewhere.example.org' }, RUNNING), 'unauthenticated');
    assert.equal(found({ api: 'http://127.0.0.1:8081/' }, RUNNING), 'http://127.0.0.1:8081 local');
  });

  test('is where the person has logged in to, unless a home with a platform is named', () => {
    const config = mkdtempSync(join(home, 'config-'));
    const env = { HOME: config, XDG_CONFIG_HOME: config };
    const login = (token: string) => ({ token, id: 'k0123456789', email: 'ada@example.org', expiresAt: null });
    writeLogins(withLogin(withLogin(readLogins(env), 'https://a.example.org', login('a')), 'https://b.example.org', login('b')), env);
    assert.equal(found({}, { ...env, REEVE_HOME: EMPTY_HOME }), 'https://b.example.org b');
    assert.equal(found({}, { ...env, REEVE_HOME: home }), 'http://127.0.0.1:8081 local');
    assert.equal(found({ api: 'https://a.example.org/' }, { ...env, REEVE_HOME: home }), 'https://a.example.org a');
    assert.equal(found({}, { ...env, REEVE_HOME: home, REEVE_API: 'https://a.example.org', REEVE_TOKEN: 't' }), 'https://a.example.org t');
    writeLogins(withoutLogin(readLogins(env), 'https://b.example.org'), env);
    assert.equal(refused({}, { ...env, REEVE_HOME: EMPTY_HOME }), 'unavailable');
    assert.equal(statSync(loginsFile(env)).mode & 0o777, 0o600);
    writeFileSync(loginsFile(env), '[1');
    assert.equal(refused({}, { ...env, REEVE_HOME: EMPTY_HOME }), 'bad-request');
  });

  test('must be an address, and its token a token', () => {
    assert.equal(refused({ api: 'reeve.example.org' }, { ...NONE, REEVE_TOKEN: 't' }), 'bad-request');
    assert.equal(refused({ api: 'ftp://reeve.example.org' }, { ...NONE, REEVE_TOKEN: 't' }), 'bad-request');
    assert.equal(refused({ tokenFile: join(home, 'none') }, RUNNING), 'bad-request');
    writeFileSync(join(home, 'two-words'), 'Bearer abc');
    assert.equal(refused({ tokenFile: join(home, 'two-words') }, RUNNING), 'bad-request');
  });
});

describe('where there is none', () => {
  test('one line says how to start or point at one', async () => {
    const { code, stderr, stdout } = await reeve(['site', 'list']);
    assert.equal(code, 7);
    assert.equal(stdout, '');
    assert.equal(stderr, 'reeve: no platform is running here: start one with `reeve up`, log in to one with `reeve login`, or point at one with REEVE_API and REEVE_TOKEN\n');
  });

  test('with --json it is a problem', async () => {
    const { code, stderr } = await reeve(['site', 'list', '--json']);
    assert.deepEqual([code, JSON.parse(stderr).type, JSON.parse(stderr).status], [7, '/problems/unavailable', 503]);
  });

  test('an address where nothing listens is named', async () => {
    const { code, stderr } = await reeve(['site', 'list'], { REEVE_API: 'http://127.0.0.1:9', REEVE_TOKEN: 't' });
    assert.equal(code, 7);
    assert.match(stderr, /^reeve: the API at http:\/\/127\.0\.0\.1:9 cannot be reached: nothing listens there\n$/);
  });

  test('open prints the addresses of a running one, and never its token', async () => {
    const { code, stdout } = await reeve(['open'], RUNNING);
    assert.equal(code, 0);
    assert.match(stdout, /edge +http:\/\/alpha\.localhost:8080/);
    assert.doesNotMatch(stdout, /token/);
    assert.equal((await reeve(['open'])).code, 7);
  });
});

describe('a command line that cannot be read', () => {
  for (const args of [['site', 'lst'], ['site', 'list', '--jsn'], ['site', 'create'], ['host', 'bind', 'a', 'b', '--role', 'main'],
    ['site', 'create', 'a', '--setting', 'processes'], ['apply'], ['site', 'list', 'extra']]) {
    test(`reeve ${args.join(' ')}: one line, a pointer to the help, exit code 2`, async () => {
      const { code, stdout, stderr } = await reeve(args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /^reeve: .*\n(\(Did you mean .*\n)?\(--help shows how it is used\)\n$/);
    });
  }

  test('with --json it is a problem', async () => {
    const { code, stderr } = await reeve(['site', 'create', '--json']);
    assert.deepEqual([code, JSON.parse(stderr).type], [2, '/problems/bad-request']);
  });
});

test('every command has a description, and help with examples', async () => {
  const program = new Command('reeve');
  await buildCommandLine(program);
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
  const commands = leaves(program).filter((command) => !['complete', 'completion', 'help'].includes(command.name()));
  assert.ok(commands.length > 40);
  for (const command of commands) {
    let help = '';
    command.configureOutput({ writeOut: (text) => { help += text; } });
    command.outputHelp();
    assert.notEqual(command.description(), '', command.name());
    assert.match(help, /Examples?.*:\n {2}\S/, command.name());
  }
});
