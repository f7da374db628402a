/** People by the command line, on the real API: users, teams, roles, grants, the audit, and logging in. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sealAudit } from '../../src/database/runs/audit-chain.ts';
import { browser } from '../sign-in/browser.ts';
import { codeOf, PASSWORD, person } from '../sign-in/people.ts';
import { type Platform, startPlatform } from './platform.ts';
import { EMPTY_HOME, reeve, start } from './program.ts';

let platform: Platform;
before(async () => {
  platform = await startPlatform();
  await platform.client.request('POST', '/sites', { body: { name: 'alpha' } });
  await platform.idle();
});
after(() => platform?.close());

const says = async (words: RegExp, ...args: string[]) => {
  const { code, stdout, stderr } = await platform.run(...args);
  assert.equal(code, 0, stderr);
  assert.match(`${stdout}${stderr}`, words);
};
const failsWith = async (code: number, words: RegExp, ...args: string[]) => {
  const ended = await platform.run(...args);
  assert.match(ended.stderr, words);
  assert.equal(ended.code, code);
};

describe('reeve user', () => {
  test('an invitation is a link that is printed alone; again it is another one', async () => {
    const { code, stdout, stderr } = await platform.run('user', 'invite', 'Ada@example.org', '--role', 'editor', '--site', 'alpha', '--until', 'friday', '--name', 'Ada');
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^${platform.api.url}/invite/[\\w-]{43}\n$`));
    const again = await platform.json('user', 'invite', 'ada@example.org');
    assert.notEqual(again.url, stdout.trim());
    assert.equal((await browser().open(stdout.trim())).status, 409);
    assert.equal((await browser().open(again.url)).status, 200);
  });

  test('list and show say who they are and what they were given', async () => {
    await says(/^u\w+ +ada@example\.org +Ada +invited/m, 'user', 'list');
    await says(/e-mail +ada@example\.org[\s\S]*is +editor of alpha until /, 'user', 'show', 'ada@example.org');
    assert.equal((await platform.json('user', 'list', '--state', 'active')).items.length, 0);
  });

  test('disabled, enabled, reset, removed; nobody is nobody', async () => {
    await person(platform.api, 'bob', { totp: true });
    await says(/bob@example\.org is disabled/, 'user', 'disable', 'bob@example.org');
    await failsWith(5, /is disabled: enable them first/, 'user', 'reset', 'bob@example.org');
    await says(/bob@example\.org is active/, 'user', 'enable', 'bob@example.org');
    await says(/\/reset\/[\w-]{43}/, 'user', 'reset', 'bob@example.org', '--codes');
    assert.equal((await platform.client.request('GET', '/users/bob@example.org')).totp, false);
    await says(/is removed/, 'user', 'remove', 'bob@example.org', '--yes');
    await failsWith(4, /there is nobody bob@example\.org/, 'user', 'show', 'bob@example.org');
    await failsWith(2, /e-?mail/i, 'user', 'invite', 'no address');
  });
});

describe('reeve team, role and grant', () => {
  test('a team is made, joined, given a role of one’s own, left and removed', async () => {
    const carol = await person(platform.api, 'carol');
    await says(/team Web \(t\w+\) is made/, 'team', 'create', 'Web');
    await failsWith(5, /there is a team Web already/, 'team', 'create', 'Web');
    await says(/carol@example\.org is in Web/, 'team', 'add', 'Web', carol.email);
    await says(/^u\w+ +carol@example\.org/m, 'team', 'show', 'Web');
    await says(/hostname-keeper allows 3 actions/, 'role', 'create', 'hostname-keeper', 'site:read', 'hostname:read', 'hostname:bind');
    await says(/hostname-keeper +your own +3/, 'role', 'list');
    await says(/hostname:bind/, 'role', 'show', 'hostname-keeper');
    await says(/team Web is hostname-keeper of alpha until /, 'grant', 'add', 'team:Web', 'hostname-keeper', '--site', 'alpha', '--until', '3d', '--reason', 'launch');
    await says(/^g\w+ +team Web +hostname-keeper +alpha .*launch/m, 'grant', 'list', '--user', carol.email);
    await says(/^yes: carol is hostname-keeper of site s\w+ until .*, through team Web/, 'grant', 'why', 'hostname:bind', '--site', 'alpha', '--user', carol.email);
    await says(/carol +user +carol is hostname-keeper/, 'grant', 'who-can', 'hostname:bind', '--site', 'alpha');
    await failsWith(5, /take them away first/, 'role', 'remove', 'hostname-keeper');
    await says(/carol@example\.org is not in Web/, 'team', 'drop', 'Web', carol.email);
    const { code, stdout } = await platform.run('grant', 'why', 'hostname:bind', '--site', 'alpha', '--user', carol.email);
    assert.match(stdout, /^no: hostname:bind takes the role editor; carol has no role there/);
    assert.equal(code, 3);
    await says(/any more/, 'grant', 'remove', 'team:Web', 'hostname-keeper', '--site', 'alpha');
    await says(/team Websites is removed/, 'team', 'remove', (await platform.json('team', 'rename', 'Web', 'Websites')).id, '--yes');
    await says(/is removed/, 'role', 'remove', 'hostname-keeper');
  });

  test('what cannot be given is refused, with why', async () => {
    await failsWith(4, /there is nobody nobody@example\.org/, 'grant', 'add', 'nobody@example.org', 'viewer');
    await failsWith(2, /no role/, 'grant', 'add', 'carol@example.org', 'emperor');
    await failsWith(4, /was not given editor of the platform/, 'grant', 'remove', 'carol@example.org', 'editor');
    await failsWith(2, /has passed/, 'grant', 'add', 'carol@example.org', 'viewer', '--until', '2020-01-31');
    await says(/^yes: token test is owner of the platform/, 'grant', 'why', 'settings:update');
  });
});

describe('reeve token', () => {
  test('one for some actions on some sites, until its end', async () => {
    const made = await platform.json('token', 'create', 'deploy', '--role', 'editor', '--until', '90d', '--site', 'alpha', '--action', 'site:read', 'env:write');
    assert.deepEqual(made.actions, ['site:read', 'env:write']);
    assert.equal(made.sites.length, 1);
    await says(/deploy +the platform’s +editor +1 site, 2 actions/, 'token', 'list');
  });
});

describe('reeve audit', () => {
  test('is filtered, exported and verified', async () => {
    await says(/AGE +WHO +ACTION[\s\S]*team\.removed/, 'audit', '--action', 'team.');
    await says(/team\.created/, 'audit', 'list', '--action', 'team.');
    const csv = await platform.run('audit', 'export', '--action', 'team.');
    assert.match(csv.stdout, /^id,at,actorKind,actor,[\s\S]*team\.created/);
    const file = join(mkdtempSync(join(EMPTY_HOME, 'export-')), 'audit.ndjson');
    await says(/the audit is in/, 'audit', 'export', '--format', 'ndjson', '-o', file);
    const lines = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(lines.at(-1).id, 1);
    await failsWith(2, /cannot write .*ENOENT/, 'audit', 'export', '-o', '/nowhere/audit.csv');
    await sealAudit(platform.api.database.pool);
    await says(/^intact: \d+ entries/, 'audit', 'verify');
    const { head } = await platform.json('audit', 'verify');
    await platform.client.request('POST', '/teams', { body: { name: 'Since' } });
    await sealAudit(platform.api.database.pool);
    await says(/intact/, 'audit', 'verify', '--head', head);
    await failsWith(5, /no entry 1:/, 'audit', 'verify', '--head', `1:${createHash('sha256').update('x').digest('hex')}`);
    await failsWith(2, /must be like 1842:/, 'audit', 'verify', '--head', 'x');
  });
});

describe('reeve login', () => {
  const config = mkdtempSync(join(EMPTY_HOME, 'config-'));
  const env = { XDG_CONFIG_HOME: config };
  const logins = () => JSON.parse(readFileSync(join(config, 'reeve', 'logins.json'), 'utf8'));
  const passwordFile = join(config, 'password');
  before(() => writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 }));

  test('by password: commands then act as the person; logout ends it there too', async () => {
    const { email } = await person(platform.api, 'dave', { role: 'viewer' });
    const login = await reeve(['login', platform.api.url, '--email', email, '--password-file', passwordFile, '--name', 'dave@test'], env);
    assert.equal(login.code, 0, login.stderr);
    assert.match(login.stderr, /logged in to http.* as dave@example\.org/);
    assert.doesNotMatch(`${login.stdout}${login.stderr}`, /reeve_/);
    const { token } = logins().logins[platform.api.url];
    const mine = await reeve(['token', 'list', '--mine', '--json'], env);
    assert.deepEqual(JSON.parse(mine.stdout).items.map((each: { name: string }) => each.name), ['dave@test']);
    const refused = await reeve(['site', 'delete', 'alpha', '--yes'], env);
    assert.equal(refused.code, 3, refused.stderr);
    const logout = await reeve(['logout'], env);
    assert.match(logout.stderr, /dave@example\.org is logged out/);
    assert.deepEqual(logins(), { current: null, logins: {} });
    assert.equal((await platform.api.send('GET', '/me', { token })).status, 401);
    assert.equal((await reeve(['logout'], env)).code, 4);
    assert.equal((await reeve(['site', 'list'], env)).code, 7);
  });

  test('wrong, without a code, with one', async () => {
    const erin = await person(platform.api, 'erin', { totp: true });
    const login = (...more: string[]) => reeve(['login', platform.api.url, '--email', erin.email, '--password-file', ...more], env);
    const wrong = await reeve(['login', platform.api.url, '--email', erin.email, '--password-file', '-'], env, 'wrong wrong wrong\n');
    assert.equal(wrong.code, 3);
    assert.match(wrong.stderr, /the e-mail or the password is wrong/);
    const without = await login(passwordFile);
    assert.equal(without.code, 2);
    assert.match(without.stderr, /give --code/);
    assert.equal((await login(passwordFile, '--code', codeOf(erin))).code, 0);
    assert.equal((await reeve(['logout'], env)).code, 0);
  });

  test('by the browser: it waits until the person lets it in', async () => {
    const { email } = await person(platform.api, 'frank', { role: 'operator' });
    const waiting = start(['login', platform.api.url, '--no-browser', '--name', 'frank@laptop'], env);
    const [, page] = /(http\S+\/sign-in\/device\?code=\S+)/.exec(await waiting.stderrMatches(/device\?code=\S+\n/))!;
    const who = browser();
    const device = await who.send(await who.open(page!), '/sign-in', { email, password: PASSWORD });
    assert.match(device.text, /frank@laptop/);
    await who.send(device, '/sign-in/device');
    const { code, stderr } = await waiting.ended;
    assert.equal(code, 0, stderr);
    assert.equal(logins().logins[platform.api.url].email, email);
    assert.equal((await reeve(['logout'], env)).code, 0);
  });

  test('nowhere to log in to says how', async () => {
    const { code, stderr } = await reeve(['login'], env);
    assert.equal(code, 2);
    assert.match(stderr, /reeve login https:/);
  });
});

test('the shell completes all of them', async () => {
  for (const [words, expected] of [[['grant', ''], 'who-can'], [['log'], 'login']] as const) {
    const { stdout } = await reeve(['complete', '--', ...words]);
    assert.match(stdout, new RegExp(`^${expected}\\b`, 'm'));
  }
});
