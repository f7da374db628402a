import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codebaseSchema, expandEnvironment, pythonSatisfies, siteEnvironment } from '../../src/domain/codebase.ts';
import { secretsOf } from '../../src/domain/site-file.ts';
import { siteFileFor } from './tools.ts';

const MINIMAL = { name: 'mysite', wsgi: 'mysite.wsgi:application', settings: 'mysite.settings' };
const DATABASE = { host: '127.0.0.1', port: 5433, name: 's0000000a1', user: 's0000000a1_v1', password: 'p@ss/w:o?r#d' };
const SITE = siteFileFor('/x', 's0000000a1', 'alpha', DATABASE, '/releases/r1/static');

const problems = (change: object) =>
  codebaseSchema
    .safeParse({ ...MINIMAL, ...change })
    .error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];

describe('codebase.json', () => {
  it('needs three things; the rest is what Django projects usually have', () => {
    const read = codebaseSchema.parse(MINIMAL);
    assert.deepEqual(read.commands.migrate, ['manage.py', 'migrate', '--noinput']);
    assert.deepEqual(
      [read.requirements, read.static.url, read.media.url, read.health.path],
      ['requirements.txt', '/static/', '/media/', '/'],
    );
  });

  it('refuses what it does not know, and what would reach nginx, uWSGI or another directory', () => {
    for (const change of [
      { unknown: 1 },
      { wsgi: 'mysite.wsgi' },
      { wsgi: 'mysite.wsgi:@(exec://id)' },
      { settings: 'mysite/settings.py' },
      { requirements: '../requirements.txt' },
      { requirements: '/etc/passwd' },
      { exclude: ['../x'] },
      { static: { url: '/static' } },
      { static: { url: '/a/../b/' } },
      { media: { url: '/media/;}/' } },
      { media: { url: '/.reeve/' } },
      { media: { private: ['../x/'] } },
      { media: { private: Array.from({ length: 31 }, (_, n) => `d${n}/`) } },
      { media: { private: [`${'d'.repeat(100)}/`] } },
      { health: { path: '/$(X)' } },
      { health: { statuses: [] } },
      { commands: { migrate: [] } },
      { commands: { migrate: ['manage.py\nx'] } },
      { environment: { 'A-B': 'x' } },
      { environment: { LD_PRELOAD: 'x' } },
      { environment: { PYTHONPATH: 'x' } },
      { environment: { REEVE_SITE_ID: 'x' } },
      { environment: { X: '{{nothing}}' } },
      { environment: { X: '{{database.url' } },
      { python: '3.11' },
    ]) {
      assert.equal(problems(change).length, 1, JSON.stringify(change));
    }
    assert.match(problems({ environment: { X: '{{databse.url}}' } })[0]!, /databse\.url.*there are .*database\.url/);
  });

  it('knows Python version ranges', () => {
    assert.ok(pythonSatisfies('>=3.10', '3.11.2'));
    assert.ok(pythonSatisfies('>=3.10,<3.14', '3.13.9'));
    assert.ok(pythonSatisfies('==3.11', '3.11.2'));
    assert.ok(pythonSatisfies('<=3.13', '3.13.9'));
    assert.ok(!pythonSatisfies('>=3.10,<3.14', '3.14.0'));
    assert.ok(!pythonSatisfies('>3.11', '3.11.2'));
    assert.ok(!pythonSatisfies('>=3.12', '3.9.18'));
    assert.ok(!pythonSatisfies('!=3.11', '3.11.2'));
  });
});

describe('environment templates', () => {
  it('give each site its own values, with names and secrets encoded inside URLs only', () => {
    assert.deepEqual(
      expandEnvironment(
        {
          DATABASE_URL: '{{database.url}}',
          PASSWORD: '{{ database.password }}',
          OTHER: 'postgis://{{database.user}}:{{database.password}}@{{database.host}}:{{database.port}}/x',
          HOSTS: '{{hostnames}}',
          MEDIA: '{{store.root}}/x',
          HOME_URL: '{{primaryUrl}}/home',
          PLAIN: 'as it is',
        },
        SITE,
      ),
      {
        DATABASE_URL: 'postgres://s0000000a1_v1:p%40ss%2Fw%3Ao%3Fr%23d@127.0.0.1:5433/s0000000a1',
        PASSWORD: 'p@ss/w:o?r#d',
        OTHER: 'postgis://s0000000a1_v1:p%40ss%2Fw%3Ao%3Fr%23d@127.0.0.1:5433/x',
        HOSTS: 'alpha.localhost,www.alpha.example',
        MEDIA: '/x/stores/s0000000a1/x',
        HOME_URL: 'http://alpha.localhost:8080/home',
        PLAIN: 'as it is',
      },
    );
  });

  it('leave a variable out when the site has no such thing', () => {
    assert.deepEqual(expandEnvironment({ CACHE_URL: '{{cache.url}}', BUCKET: '{{store.bucket}}', A: 'a' }, SITE), {
      A: 'a',
    });
    const cached = { ...SITE, cache: { url: 'redis://127.0.0.1:6379/0', prefix: SITE.site.id } };
    assert.deepEqual(expandEnvironment({ CACHE_URL: '{{cache.url}}?db=3' }, cached), {
      CACHE_URL: 'redis://127.0.0.1:6379/0?db=3',
    });
  });

  it('know IPv6 addresses and Unix sockets', () => {
    const at = (host: string) =>
      expandEnvironment({ U: '{{database.url}}' }, { ...SITE, database: { ...DATABASE, host, password: 'x' } }).U;
    assert.equal(at('::1'), 'postgres://s0000000a1_v1:x@[::1]:5433/s0000000a1');
    assert.equal(at('/run/pg'), 'postgres://s0000000a1_v1:x@/s0000000a1?host=%2Frun%2Fpg&port=5433');
  });

  it('never let a site’s own variables change what code runs, or whose site it is', () => {
    const site = {
      ...SITE,
      env: { EXTRA: 'x', REEVE_SITE_ID: 'other', LD_PRELOAD: '/x.so', PYTHONPATH: '/x', PATH: '/x' },
    };
    const environment = siteEnvironment(
      { settings: 'mysite.settings', environment: { EXTRA: 'template' } },
      site,
      '/site.json',
    );
    assert.equal(environment.EXTRA, 'x');
    assert.equal(environment.REEVE_SITE_ID, SITE.site.id);
    assert.equal(environment.PATH, '/usr/local/bin:/usr/bin:/bin');
    assert.ok(!('LD_PRELOAD' in environment) && !('PYTHONPATH' in environment));
  });

  it('name what must not be shown', () => {
    const secrets = secretsOf({
      ...SITE,
      cache: { url: 'redis://user:cachepass@h/0', prefix: 'x' },
      env: { TOKEN: 'long-token', FLAG: '1' },
    });
    assert.deepEqual(
      new Set(secrets),
      new Set([DATABASE.password, SITE.secretKey, SITE.loginKey, 'cachepass', 'long-token']),
    );
  });
});
