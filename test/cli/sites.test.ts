/** Sites and hostnames by the command line, on the real API. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findSite } from '../../src/cli/site/find.ts';
import { type Platform, startPlatform } from './platform.ts';
import { reeve, start } from './program.ts';

let platform: Platform;
before(async () => {
  platform = await startPlatform();
});
after(() => platform?.close());

const failsWith = async (code: number, words: RegExp, ...args: string[]) => {
  const ended = await platform.run(...args);
  assert.match(ended.stderr, words);
  assert.equal(ended.code, code);
  assert.equal(ended.stdout, '');
};

describe('reeve site create', () => {
  test('waits until the site is there, a line for each step, and shows it', async () => {
    const { code, stdout, stderr } = await platform.run('site', 'create', 'alpha', '--setting', 'processes=3', '--hostname', 'www.example.org:primary');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^createSite alpha: run w\w+\n( {2}\w+ {2}completed {2}.*\n)+createSite alpha: completed\n$/);
    assert.match(stdout, /^name +alpha$/m);
    assert.match(stdout, /^status +active$/m);
    assert.match(stdout, /processes=3/);
    await platform.idle();
    const { hostnames } = await platform.client.request('GET', '/sites/alpha');
    assert.deepEqual(hostnames.map((each: { hostname: string; role: string }) => `${each.hostname} ${each.role}`).sort(),
      ['alpha.localhost alias', 'www.example.org primary']);
  });

  test('--no-wait returns the accepted site, and its run can be watched', async () => {
    const site = await platform.json('site', 'create', 'beta', '--no-wait');
    assert.equal(site.name, 'beta');
    const { code, stderr } = await platform.run('run', 'watch', site.run.id);
    assert.equal(code, 0, stderr);
    assert.equal((await platform.client.request('GET', `/runs/${site.run.id}`)).state, 'completed');
  });

  test('--json prints the site as it is afterwards, with the run that made it', async () => {
    const site = await platform.json('site', 'create', 'gamma');
    assert.deepEqual([site.status, site.run.state, site.run.type], ['active', 'completed', 'createSite']);
  });

  test('with variables, which are there from the first and are never shown', async () => {
    const env = { ...platform.env, FROM_SHELL: 'shell-secret' };
    const made = await reeve(['site', 'create', 'licensed', '--env', 'A=line=secret', '--env', 'FROM_SHELL', '--env', 'KEY=-'], env, 'stdin-secret\n');
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual((await platform.client.request('GET', '/sites/licensed/env')).items.map((each: { name: string }) => each.name), ['A', 'FROM_SHELL', 'KEY']);
    assert.doesNotMatch(`${made.stdout}${made.stderr}`, /secret/);
    await failsWith(2, /env\.LD_PRELOAD: LD_PRELOAD is set by Reeve itself/, 'site', 'create', 'delta', '--env', 'LD_PRELOAD=x');
  });

  test('a name that is taken, one that is none, a setting out of bounds and an unknown one are refused', async () => {
    await failsWith(5, /^reeve: .*alpha/, 'site', 'create', 'alpha');
    await failsWith(2, /small letters[\s\S]*settings\.processes: [\s\S]*settings\.proceses: there is no such field/,
      'site', 'create', 'Alpha_1', '--setting', 'processes=99', '--setting', 'proceses=2');
    await failsWith(5, /www\.example\.org/, 'site', 'create', 'delta', '--hostname', 'www.example.org');
  });
});

describe('reeve site list and show', () => {
  test('lists them aligned, by name', async () => {
    const { stdout } = await platform.run('site', 'list');
    const [head, ...rows] = stdout.trimEnd().split('\n');
    assert.match(head!, /^NAME +STATUS +HOSTNAME +MORE +RELEASE +AGE +ID$/);
    assert.deepEqual(rows.map((row) => row.split(/ +/)[0]), ['alpha', 'beta', 'gamma', 'licensed']);
    const column = head!.indexOf('STATUS');
    assert.ok(rows.every((row) => row.slice(column).startsWith('active')));
    assert.ok(!stdout.includes('\x1b'));
  });

  test('a site is found by its id, its name and its hostnames', async () => {
    const { id } = await platform.json('site', 'show', 'www.example.org');
    for (const given of [id, 'alpha', 'alpha.localhost', 'WWW.Example.org']) {
      assert.equal((await findSite(platform.client, given)).id, id, given);
    }
  });

  test('a name that nobody has is answered with the one that was meant', async () => {
    await failsWith(4, /^reeve: no site named alfa; did you mean alpha\?\n$/, 'site', 'show', 'alfa');
    await assert.rejects(findSite(platform.client, 'www.nowhere.example'), { type: 'not-found', message: 'no site named www.nowhere.example' });
    await assert.rejects(findSite(platform.client, '../x'), { type: 'not-found', message: 'no site named ../x' });
  });

  test('the JSON is the API’s own', async () => {
    assert.deepEqual(await platform.json('site', 'list'), (await platform.api.send('GET', '/sites')).body);
    assert.deepEqual(await platform.json('site', 'show', 'alpha'), (await platform.api.send('GET', '/sites/alpha')).body);
  });
});

describe('reeve site set', () => {
  test('changes settings and owner, and refuses what is out of bounds or says nothing', async () => {
    const { code, stderr } = await platform.run('site', 'set', 'alpha', 'processes=4', '--owner', 'ada');
    assert.deepEqual([code, stderr], [0, 'alpha: set processes, owner\n']);
    const { settings, owner } = await platform.client.request('GET', '/sites/alpha');
    assert.deepEqual([settings.processes, settings.threads, owner], [4, 2, 'ada']);
    await failsWith(2, /settings\.processes/, 'site', 'set', 'alpha', 'processes=0');
    await failsWith(2, /say what is to change/, 'site', 'set', 'alpha');
  });
});

describe('a site’s life', () => {
  test('suspended, resumed, given new secrets, deleted, restored, deleted and purged', async () => {
    const status = async () => (await platform.client.request('GET', '/sites/beta')).status;
    for (const [verb, expected, ...more] of [
      ['suspend', 'suspended'], ['resume', 'active'], ['rotate-secrets', 'active'], ['delete', 'deleted', '--yes'], ['restore', 'active'], ['delete', 'deleted', '-y'],
    ] as const) {
      const { code, stderr } = await platform.run('site', verb, 'beta', ...more);
      assert.equal(code, 0, stderr);
      assert.equal(await status(), expected);
    }
    const { code, stderr } = await platform.run('site', 'purge', 'beta', '--yes');
    assert.equal(code, 0, stderr);
    await assert.rejects(findSite(platform.client, 'beta'), /no site named beta/);
  });

  test('what destroys asks for the name, and refuses where nobody can be asked', async () => {
    await failsWith(2, /^reeve: this would delete the site alpha.*: say --yes, as nobody can be asked here\n$/, 'site', 'delete', 'alpha');
    await failsWith(2, /say --yes/, 'host', 'unbind', 'www.example.org');
    assert.equal((await platform.client.request('GET', '/sites/alpha')).status, 'active');
  });

  test('what its state does not allow is said', async () => {
    await failsWith(5, /./, 'site', 'resume', 'alpha');
    await failsWith(5, /./, 'site', 'purge', 'alpha', '--yes');
    await failsWith(4, /no release|there is no release/, 'site', 'upgrade', 'alpha', 'r000000000');
  });
});

describe('reeve host', () => {
  test('bind, list, unbind', async () => {
    const bound = await platform.run('host', 'bind', 'gamma', 'Shop.Example.org', '--role', 'redirect');
    assert.equal(bound.code, 0, bound.stderr);
    assert.match(bound.stderr, /shop\.example\.org is served by gamma\n$/);
    const { stdout } = await platform.run('host', 'list', '--site', 'gamma');
    assert.match(stdout, /^shop\.example\.org +gamma +redirect +bound$/m);
    const unbound = await platform.run('host', 'unbind', 'shop.example.org', '--yes');
    assert.equal(unbound.code, 0, unbound.stderr);
    assert.doesNotMatch(JSON.stringify(await platform.client.request('GET', '/hostnames')), /shop/);
  });

  test('set changes the role and the answer without TLS', async () => {
    await platform.client.request('POST', '/sites/gamma/hostnames', { body: { hostname: 'g.example.org' } });
    await platform.idle();
    const https = await platform.run('host', 'set', 'g.example.org', '--https', 'redirect');
    assert.deepEqual([https.code, https.stderr], [0, 'g.example.org: https redirect\n']);
    const promoted = await platform.json('host', 'set', 'g.example.org', '--role', 'primary');
    assert.deepEqual([promoted.role, promoted.https, promoted.run.type], ['primary', 'redirect', 'bindHostname']);
    await failsWith(2, /say what is to change/, 'host', 'set', 'g.example.org');
    await failsWith(5, /make another one primary/, 'host', 'set', 'g.example.org', '--role', 'alias');
  });

  test('a hostname that is invalid, taken or unknown is refused', async () => {
    await failsWith(2, /scheme, port, path/, 'host', 'bind', 'gamma', 'http://x.example.org/');
    await failsWith(5, /www\.example\.org/, 'host', 'bind', 'gamma', 'www.example.org');
    await failsWith(4, /ww\.example\.org is bound to no site; did you mean www\.example\.org\?/, 'host', 'unbind', 'ww.example.org', '-y');
    await failsWith(5, /came with site gamma/, 'host', 'unbind', 'gamma.localhost', '-y');
  });
});

describe('reeve site env', () => {
  test('values go in from the line, the shell and stdin, and never come out', async () => {
    const env = { ...platform.env, FROM_SHELL: 'shell-secret' };
    const set = await reeve(['site', 'env', 'set', 'alpha', 'A=line=secret', 'FROM_SHELL', 'KEY=-'], env, 'stdin-secret\n');
    assert.equal(set.code, 0, set.stderr);
    const listed = await platform.run('site', 'env', 'list', 'alpha');
    assert.equal(listed.stdout, 'NAME\nA\nFROM_SHELL\nKEY\n');
    assert.doesNotMatch(`${set.stdout}${set.stderr}${JSON.stringify(await platform.client.request('GET', '/sites/alpha/env'))}`, /secret/);
    assert.equal((await platform.run('site', 'env', 'unset', 'alpha', 'A', 'KEY')).code, 0);
    assert.deepEqual((await platform.client.request('GET', '/sites/alpha/env')).items.map((each: { name: string }) => each.name), ['FROM_SHELL']);
  });

  test('what cannot be set or is not there is said', async () => {
    await failsWith(2, /NOT_HERE is not set in this shell; write NOT_HERE=value/, 'site', 'env', 'set', 'alpha', 'NOT_HERE');
    await failsWith(2, /LD_PRELOAD is set by Reeve itself/, 'site', 'env', 'set', 'alpha', 'LD_PRELOAD=x');
    await failsWith(4, /alpha has no variable FROM_SHEL; did you mean FROM_SHELL\?/, 'site', 'env', 'unset', 'alpha', 'FROM_SHEL');
  });
});

test('reeve site login prints the link alone', async () => {
  const { code, stdout, stderr } = await platform.run('site', 'login', 'alpha');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^http:\/\/www\.example\.org:8080\/\.reeve\/login\?token=\S+\n$/);
});

describe('where no container serves', () => {
  test('exec and logs say so', async () => {
    await failsWith(7, /no container serves now/, 'site', 'exec', 'alpha', '--', 'check');
    await failsWith(7, /no container serves now/, 'site', 'logs', 'alpha');
    await failsWith(2, /--since takes a duration/, 'site', 'logs', 'alpha', '--since', 'yesterday');
  });
});

describe('a reader that goes away', () => {
  test('is no failure', async () => {
    const following = start(['events', '-f', '--after', '0'], platform.env);
    await following.stdoutMatches(/site\.creating/);
    following.kill('SIGINT');
    const { code, stderr } = await following.ended;
    assert.deepEqual([code, stderr], [0, '']);
  });
});
