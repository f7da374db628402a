/** A site's process: what it is told, what it is not, and when another one is needed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import type { Desired, SiteDesired } from '../../src/domain/desired.ts';
import { places } from '../../src/domain/layout.ts';
import { encryptEnvValue } from '../../src/domain/secrets.ts';
import { createContainerRenderer } from '../../src/render/container.ts';
import { moment } from '../moment.ts';
import { placeRelease, startContainer, toolsVenv } from './container.ts';
import { desired, hostname, layout, release, releaseId, scratch, site, siteId, sitesKey } from './fixture.ts';
import { nginx } from './nginx.ts';

const echo = { wsgi: { module: 'echo.wsgi', callable: 'application' } };
const light = { processes: 1, threads: 1, harakiri: 30, memory: 1024, connections: 2 };
const secret = (name: string, value: string, n = 1) => ({ [name]: encryptEnvValue(sitesKey, siteId(n), name, value, randomBytes(12)) });
const isRoot = process.getuid?.() === 0;

const l = layout('/srv/c');
const vassalOf = (state: Desired) => {
  const rendered = createContainerRenderer(l, { sitesKey }).render(state, new Map());
  assert.deepEqual(rendered.failures, []);
  return rendered.vassals.get(siteId(1))!;
};
const basic = (row: Partial<SiteDesired> = {}, more: Parameters<typeof desired>[0] = {}) =>
  desired({ sites: [site(1, row)], hostnames: [hostname('alpha.localhost', 1)], ...more });

describe('another process is needed', () => {
  const digest = (state: Desired) => vassalOf(state).digest;
  const now = digest(basic());

  test('for other settings, secrets, releases, databases and variables', () => {
    const others = [
      basic({ settings: { ...light } }), basic({ secretVersion: 2 }), basic(secret('A', 'b') && { env: secret('A', 'b') }),
      basic({ release: releaseId(2) }, { releases: [release(1), release(2)] }), basic({ name: 'other' }),
      basic({}, { settings: { cacheUrl: 'redis://127.0.0.1' } }),
      { ...basic(), databaseServers: new Map([['main', { id: 'main', rev: 1, host: '10.0.0.1', port: 5432, deleted: false }]]) },
    ].map(digest);
    assert.equal(new Set([now, ...others]).size, others.length + 1);
  });

  test('for hostnames only where the codebase has them in variables', () => {
    const bound = { hostnames: [hostname('alpha.localhost', 1), hostname('new.example.org', 1, { role: 'alias' })] };
    assert.equal(digest(basic({}, bound)), now);
    assert.notEqual(vassalOf(basic({}, bound)).siteFile, vassalOf(basic()).siteFile);
    const releases = [release(1, { environment: { ALLOWED_HOSTS: '{{hostnames}}', BASE_URL: '{{primaryUrl}}' } })];
    assert.notEqual(digest(basic({}, { ...bound, releases })), digest(basic({}, { releases })));
    const names = JSON.parse(vassalOf(basic({}, { ...bound, releases })).envFile);
    assert.equal(names.ALLOWED_HOSTS, 'alpha.localhost,new.example.org');
    assert.equal(names.BASE_URL, 'http://alpha.localhost:8080');
  });

  test('for nothing that other sites, a new rev or a new encryption of the same value change', () => {
    assert.equal(digest(basic({ rev: 99 })), now);
    assert.equal(digest(basic({ env: secret('A', 'b') })), digest(basic({ env: secret('A', 'b') })));
    assert.equal(digest(desired({ sites: [site(1), site(2)], hostnames: [hostname('alpha.localhost', 1)] })), now);
    assert.match(now, /^[0-9a-f]{12}$/);
  });
});

test('a site’s file holds what reeve_django and plain variables need, and follows its hostnames', () => {
  const file = JSON.parse(vassalOf(basic({ secretVersion: 3, env: secret('A', 'b\n"c') }, {
    hostnames: [
      hostname('alpha.localhost', 1), hostname('old.test', 1, { role: 'redirect' }), hostname('held.test', 1, { role: 'primary', phase: 'reserved' }),
    ],
  })).siteFile);
  assert.deepEqual(file.hostnames, [
    { hostname: 'alpha.localhost', role: 'primary' }, { hostname: 'old.test', role: 'redirect' }, { hostname: 'held.test', role: 'alias' },
  ]);
  assert.equal(file.database.user, `${siteId(1)}_v3`);
  assert.equal(file.database.name, siteId(1));
  assert.equal(file.secretKeyFallbacks.length, 1);
  assert.equal(file.static.root, `/srv/c/releases/${releaseId(1)}/static`);
  assert.equal(file.store.root, `/srv/c/stores/${siteId(1)}`);
  assert.deepEqual(file.env, { A: 'b\n"c' });
  const url = (row: object, settings: object = {}) => JSON.parse(vassalOf(basic({}, { settings, hostnames: [hostname('a.test', 1, row)] })).siteFile).primaryUrl;
  assert.equal(url({}, { publicPort: 80 }), 'http://a.test');
  assert.equal(url({ https: 'redirect' }), 'https://a.test');
  assert.equal(url({}, { publicScheme: 'https', publicPort: 443 }), 'https://a.test');
  assert.equal(url({ https: 'redirect' }, { publicScheme: 'https', publicPort: 8443 }), 'https://a.test:8443');
});

test('stores of kind s3 need credentials, and say so', () => {
  const state = basic({ store: { kind: 's3', bucket: 'b' } }, { settings: { s3: { endpoint: 'http://127.0.0.1:7070', region: 'here' } } });
  const without = createContainerRenderer(l, { sitesKey }).render(state, new Map());
  assert.match(without.failures[0]!.reason, /no credentials/);
  const rendered = createContainerRenderer(l, { sitesKey, s3Credentials: () => ({ accessKey: 'k', secretKey: 's' }) }).render(state, new Map());
  assert.deepEqual(JSON.parse(rendered.vassals.get(siteId(1))!.siteFile).store,
    { kind: 's3', endpoint: 'http://127.0.0.1:7070', region: 'here', bucket: 'b', accessKey: 'k', secretKey: 's', mediaUrl: null });
  // Nothing of a bucket is served from the disk.
  assert.match(rendered.lines.get(siteId(1))!, / \/static\/ - - /);
});

test('socket paths fit into the 103 bytes that a system allows', () => {
  const longest = places.vassalSocket({ ...l, runDir: `/tmp/${'x'.repeat(60)}` }, siteId(1), 'f'.repeat(12));
  assert.ok(Buffer.byteLength(longest) <= 103, longest);
});

describe('under a real emperor', { skip: toolsVenv === '' && 'REEVE_TEST_TOOLS_VENV names no virtual environment with pyuwsgi' }, () => {
  const twoSites = desired({
    sites: [site(1, { settings: light, env: { ...secret('GREETING', 'hë"llo\n%x $(HOME) @(exec://id)'), ...secret('PLAIN', '1') } }), site(2, { settings: light })],
    hostnames: [hostname('alpha.localhost', 1), hostname('beta.localhost', 2)],
    releases: [release(1, { ...echo, environment: { DATABASE_URL: '{{database.url}}' } })],
  });

  test('a site has its own variables, exactly as they were typed, and none of the platform’s', async () => {
    const c = await startContainer({ nginx });
    try {
      placeRelease(c.layout, releaseId(1));
      await c.apply(twoSites);
      const alpha = JSON.parse((await c.visit('alpha.localhost')).text);
      assert.equal(alpha.process.GREETING, 'hë"llo\n%x $(HOME) @(exec://id)');
      assert.equal(alpha.process.PLAIN, '1');
      assert.equal(alpha.process.DJANGO_SETTINGS_MODULE, 'example.settings');
      assert.equal(alpha.process.REEVE_SITE_FILE, places.siteFile(c.layout, siteId(1)));
      assert.match(alpha.process.DATABASE_URL, new RegExp(`^postgres://${siteId(1)}_v1:`));
      assert.equal(alpha.process.HOME, places.workDir(c.layout, siteId(1)));
      assert.equal(alpha.cwd, places.workDir(c.layout, siteId(1)));
      assert.equal(alpha.bytecode, false);
      assert.equal(alpha.process.REEVE_MASTER_KEY, undefined);
      const beta = JSON.parse((await c.visit('beta.localhost')).text);
      assert.equal(beta.process.REEVE_SITE_ID, siteId(2));
      assert.equal(beta.process.GREETING, undefined);
      assert.notEqual(beta.process.DATABASE_URL, alpha.process.DATABASE_URL);
    } finally {
      await c.close();
    }
  });

  test('another digest beside the old one: requests go on while the symbolic link moves', async () => {
    const c = await startContainer({ nginx });
    try {
      placeRelease(c.layout, releaseId(1));
      const first = await c.apply(twoSites);
      let asked = 0;
      let going = true;
      const visitors = Promise.all([1, 2, 3].map(async () => {
        while (going) {
          assert.equal((await c.visit('alpha.localhost')).status, 200);
          asked++;
          await moment();
        }
      }));
      const second = await c.apply({ ...twoSites, sites: new Map([...twoSites.sites, [siteId(1), site(1, { settings: { ...light, harakiri: 29 } })]]) });
      going = false;
      await visitors;
      assert.ok(asked > 10);
      assert.notEqual(second.vassals.get(siteId(1))!.digest, first.vassals.get(siteId(1))!.digest);
      assert.equal(second.digests.nginx, first.digests.nginx);
      assert.equal(JSON.parse((await c.visit('alpha.localhost')).text).process.GREETING, undefined);
    } finally {
      await c.close();
    }
  });

  test('each site runs as its own user, and cannot read or reach what is another’s', { skip: !isRoot && 'needs root' }, async () => {
    const uid = (id: string) => 61_000 + Number(id.slice(1));
    const c = await startContainer({ nginx, owner: uid });
    try {
      placeRelease(c.layout, releaseId(1));
      await c.apply(twoSites);
      for (const [host, id] of [['alpha.localhost', siteId(1)], ['beta.localhost', siteId(2)]] as const) {
        const told = JSON.parse((await c.visit(host)).text);
        assert.equal(told.uid, uid(id));
        assert.equal(told.process.HOME, places.workDir(c.layout, id));
      }
      const asBeta = (script: string) => {
        try {
          return execFileSync(`${toolsVenv}/bin/python3`, ['-I', '-c', script], { uid: uid(siteId(2)), gid: uid(siteId(2)), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
        } catch {
          return 'refused';
        }
      };
      assert.equal(asBeta(`print(open(${JSON.stringify(places.envFile(c.layout, siteId(2)))}).read()[:1])`), '{');
      assert.equal(asBeta(`print(open(${JSON.stringify(places.envFile(c.layout, siteId(1)))}).read()[:1])`), 'refused');
      assert.equal(asBeta(`print(open(${JSON.stringify(places.siteFile(c.layout, siteId(1)))}).read()[:1])`), 'refused');
      chmodSync(places.ownDir(c.layout), 0o700);
      assert.equal(asBeta(`import socket; s = socket.socket(socket.AF_UNIX); s.connect(${JSON.stringify(places.probeSocket(c.layout))}); print('in')`), 'refused');
    } finally {
      await c.close();
    }
  });

  test('an environment of another site is refused, and so is an ini without a Python', () => {
    const root = scratch('launch');
    mkdirSync(`${root}/sites`, { recursive: true });
    mkdirSync(`${root}/vassals`, { recursive: true });
    const ini = `${root}/vassals/${siteId(1)}.aaaaaaaaaaaa.ini`;
    const run = () => {
      try {
        execFileSync('sh', [new URL('../../templates/uwsgi/wrapper.sh', import.meta.url).pathname, '--ini', ini], { encoding: 'utf8', stdio: 'pipe' });
        return '';
      } catch (error) {
        return String((error as { stderr: string }).stderr);
      }
    };
    writeFileSync(ini, '[uwsgi]\n');
    assert.match(run(), /names no binary-path/);
    writeFileSync(ini, `[uwsgi]\nbinary-path = ${toolsVenv}/bin/python3\n`);
    assert.match(run(), /No such file or directory/);
    writeFileSync(`${root}/sites/${siteId(1)}.env`, JSON.stringify({ REEVE_SITE_ID: siteId(2) }));
    assert.match(run(), new RegExp(`the environment is of ${siteId(2)}, not of ${siteId(1)}`));
    rmSync(root, { recursive: true });
  });

  test('uWSGI takes every option, and a site’s log holds what it prints', async () => {
    const c = await startContainer({ nginx });
    try {
      placeRelease(c.layout, releaseId(1));
      await c.apply(twoSites);
      const log = readFileSync(`${places.logDir(c.layout, siteId(1))}/site.log`, 'utf8');
      assert.match(log, /WSGI app 0 .*ready/);
      assert.doesNotMatch(log, /unknown config directive|unrecognized|invalid/i);
      const vassal = [...createContainerRenderer(c.layout, { sitesKey }).render(twoSites, new Map()).vassals.values()][0]!;
      assert.ok(vassal.ini.length < 4_096);
      await new Promise<void>((resolve, reject) => {
        const socket = connect(places.siteSocket(c.layout, siteId(1)), () => { socket.destroy(); resolve(); });
        socket.on('error', reject);
      });
    } finally {
      await c.close();
    }
  });
});
