import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { installRelease, migrate, type Release, runHook } from '../../src/codebase/index.ts';
import { run } from '../../src/codebase/run.ts';
import type { SiteFile } from '../../src/domain/site-file.ts';
import { type Server, startPostgres } from '../codebase/postgres.ts';
import { openDirectory, pythonTools, removeDirectory, siteFileFor } from '../codebase/tools.ts';
import { smallCodebase } from './small-codebase.ts';

/** Loads the whole codebase before it knows a site, then serves two sites from two forks. */
const ZYGOTE = `
import json, os, sys
import django
django.setup()
from django.conf import settings
from django.core import signing
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, connections
from django.core.cache import cache
from django.urls import get_resolver
assert not settings.DEBUG
get_resolver().url_patterns
WSGIHandler()
connection.ops.quote_name("x")
early = signing.Signer()
from django.core.management import call_command
call_command("check", stdout=open(os.devnull, "w"))
placeholder = str(settings.SECRET_KEY)

def of_site(path):
    from reeve_django import site
    site.bind(path)
    with connection.cursor() as cursor:
        cursor.execute("select current_database(), session_user")
        database, user = cursor.fetchone()
    cache.set("a", 1)
    from urllib.parse import urljoin
    return {
        "database": database, "user": user, "secret": str(settings.SECRET_KEY), "hosts": list(settings.ALLOWED_HOSTS),
        "contains": settings.ALLOWED_HOSTS[0] in settings.ALLOWED_HOSTS, "prefix": cache.key_prefix,
        "root": os.fspath(settings.MEDIA_ROOT), "url": urljoin(site.primary_url, "/x"),
        "signed": signing.Signer(key=json.load(open(path))["secretKey"]).sign("x") == early.sign("x"),
        "fallbacks": list(settings.SECRET_KEY_FALLBACKS), "format": f"{site.name}-" + site.name + "!",
        "is_placeholder": str(settings.SECRET_KEY) == placeholder,
    }

for path in sys.argv[1:]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, json.dumps(of_site(path)).encode())
        os._exit(0)
    os.close(writing)
    print(os.read(reading, 65536).decode())
    os.waitpid(child, 0)
`;

describe('reeve_django', () => {
  const directory = openDirectory();
  let server: Server;
  let release: Release;

  before(async () => {
    server = await startPostgres();
    const codebase = smallCodebase(directory);
    release = await installRelease({
      path: codebase,
      releasesDir: path.join(directory, 'releases'),
      releaseId: 'r000000001',
      ...(await pythonTools(directory)),
    });
  });

  after(async () => {
    await server?.stop();
    removeDirectory(directory);
  });

  it('serves each fork’s own site in a process that learns it later, though the codebase was loaded before', async () => {
    const sites: SiteFile[] = [];
    const files: string[] = [];
    for (const [id, name] of [
      ['s0000000a1', 'alpha'],
      ['s0000000b2', 'beta'],
    ] as const) {
      const site = siteFileFor(directory, id, name, await server.makeDatabase(id), release.static, {
        secretKeyFallbacks: ['former'],
      });
      await migrate({ release, site });
      const file = path.join(directory, `${id}.json`);
      writeFileSync(file, JSON.stringify(site), { mode: 0o600 });
      sites.push(site);
      files.push(file);
    }
    mkdirSync(path.join(directory, 'work'), { recursive: true });
    const env = {
      DJANGO_SETTINGS_MODULE: release.manifest.settings,
      REEVE_SITE_LATER: '1',
      REEVE_STATIC_ROOT: release.static,
    };
    const ran = await run({
      file: release.python,
      args: ['-c', ZYGOTE, ...files],
      cwd: release.code,
      env,
      timeoutMs: 60_000,
    });
    assert.ok(ran.ok, ran.lastLines.join('\n'));
    const [alpha, beta] = ran.lastLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const [i, seen] of [alpha, beta].entries()) {
      const site = sites[i]!;
      assert.deepEqual(seen, {
        database: site.database.name,
        user: site.database.user,
        secret: site.secretKey,
        hosts: [`${site.site.name}.localhost`, `www.${site.site.name}.example`],
        contains: true,
        prefix: site.site.id,
        root: site.store.kind === 'directory' ? site.store.root : '',
        url: `${site.primaryUrl}/x`,
        signed: true,
        fallbacks: ['former'],
        format: `${site.site.name}-${site.site.name}!`,
        is_placeholder: false,
      });
    }
  });

  it('keeps the record of django.contrib.sites true', async () => {
    const site = siteFileFor(directory, 's0000000c3', 'gamma', await server.makeDatabase('s0000000c3'), release.static);
    await migrate({ release, site });
    for (const primaryUrl of ['http://gamma.localhost:8080', 'https://gamma.example', 'https://gamma.example']) {
      await runHook('created', { release, site: { ...site, primaryUrl } });
      const records = await server.query('SELECT domain, name FROM django_site', 's0000000c3');
      assert.deepEqual(records, [{ domain: new URL(primaryUrl).host, name: 'gamma' }]);
    }
  });

  it('refuses the file of another site', async () => {
    const env = {
      DJANGO_SETTINGS_MODULE: release.manifest.settings,
      REEVE_SITE_FILE: path.join(directory, 's0000000a1.json'),
      REEVE_SITE_ID: 's0000000b2',
    };
    const ran = await run({
      file: release.python,
      args: ['-m', 'django', 'check'],
      cwd: release.code,
      env,
      timeoutMs: 60_000,
    });
    assert.match(ran.lastLines.join('\n'), /it is of site s0000000a1, this process is of s0000000b2/);
  });

  it('keeps the last good contents when the file cannot be read any more', async () => {
    const script = `
import os, sys, django
django.setup()
from django.conf import settings
from reeve_django import site_file
before = list(settings.ALLOWED_HOSTS)
open(os.environ["REEVE_SITE_FILE"], "w").write("{")
site_file.site_file._next_look = 0
assert list(settings.ALLOWED_HOSTS) == before, settings.ALLOWED_HOSTS
os.unlink(os.environ["REEVE_SITE_FILE"])
site_file.site_file._next_look = 0
assert list(settings.ALLOWED_HOSTS) == before and before
`;
    const file = path.join(directory, 'broken.json');
    writeFileSync(
      file,
      JSON.stringify(
        siteFileFor(
          directory,
          's0000000a1',
          'alpha',
          { host: 'h', port: 1, name: 'n', user: 'u', password: 'p' },
          release.static,
        ),
      ),
    );
    const env = { DJANGO_SETTINGS_MODULE: release.manifest.settings, REEVE_SITE_FILE: file };
    const ran = await run({ file: release.python, args: ['-c', script], cwd: release.code, env, timeoutMs: 60_000 });
    assert.ok(ran.ok, ran.lastLines.join('\n'));
    assert.equal(ran.lastLines.filter((line) => line.includes('keeping the last good one')).length, 1);
  });

  it('describes a project for development where there is no Reeve', async () => {
    const script = `
import django
django.setup()
from django.conf import settings
print(settings.DEBUG, settings.DATABASES["default"]["ENGINE"], "localhost" in settings.ALLOWED_HOSTS)
`;
    const env = { DJANGO_SETTINGS_MODULE: release.manifest.settings };
    const ran = await run({ file: release.python, args: ['-c', script], cwd: release.code, env, timeoutMs: 60_000 });
    assert.deepEqual(ran.lastLines, ['True django.db.backends.sqlite3 True']);
  });
});
