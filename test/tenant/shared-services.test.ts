import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { installRelease, type Release, runForSite } from '../../src/codebase/index.ts';
import { makeId } from '../../src/domain/id.ts';
import type { SiteFile } from '../../src/domain/site-file.ts';
import { createFileStores, type StoreSite } from '../../src/storage/store.ts';
import { openDirectory, pythonTools, removeDirectory, siteFileFor } from '../codebase/tools.ts';
import { startVersitygw, type Versitygw } from '../storage/versitygw.ts';
import { startRedis, type Redis } from './redis.ts';
import { smallCodebase } from './small-codebase.ts';

const SETUP = 'import json, sys, django; django.setup()\n';

/** Saves, lists and reads files by Django's own storage, then tries another site's bucket. */
const FILES = `${SETUP}
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as store
from storages.backends.s3 import S3Storage
first = store.save("notes/Ä b.txt", ContentFile(b"one"))
second = store.save("notes/Ä b.txt", ContentFile(b"two"))
import urllib.request
url = store.url(first)
seen = {"read": store.open(first).read().decode(), "distinct": first != second, "listed": len(store.listdir("notes")[1]), "url": url}
seen["fetched"] = urllib.request.urlopen(url).read().decode() if url.startswith("http") else None
from reeve_django.site_file import site_file
mine = site_file.read()["store"]
try:
    S3Storage(endpoint_url=mine["endpoint"], region_name=mine["region"], access_key=mine["accessKey"], addressing_style="path",
              secret_key=mine["secretKey"], bucket_name=sys.argv[1]).save("x", ContentFile(b"x"))
    seen["other"] = "written"
except Exception as error:
    seen["other"] = str(error)
print(json.dumps(seen))
`;

const CACHE = `${SETUP}
from django.core.cache import cache
before = cache.get("greeting")
cache.set("greeting", sys.argv[1], None)
print(json.dumps({"before": before, "after": cache.get("greeting"), "kind": type(cache._cache).__name__}))
`;

/** Fills or clears the site's cache as it is told, and after each counts its keys as Redis has them. */
const CLEAR = `${SETUP}
from django.core.cache import cache
counts = []
for told in sys.argv[1].split():
    if told == "fill":
        cache.set_many({str(n): n for n in range(2_500)}, None)
        cache.set("of another version", 1, None, version=2)
    if told == "clear":
        cache.clear()
    keys = cache._cache.get_client().scan_iter(count=1_000)
    counts.append(sum(key.decode().startswith(cache.key_prefix + ":") for key in keys))
print(json.dumps({"counts": counts}))
`;

describe('two sites on services that they share', () => {
  const directory = openDirectory();
  let release: Release;
  let s3: Versitygw | null;
  let redis: Redis | null;

  before(async () => {
    const codebase = smallCodebase(directory, ['django-storages[s3]==1.14.6', 'redis==8.1.0']);
    release = await installRelease({
      path: codebase,
      releasesDir: path.join(directory, 'releases'),
      releaseId: 'r000000001',
      ...(await pythonTools(directory)),
    });
    s3 = await startVersitygw();
    redis = await startRedis();
  });

  after(async () => {
    await s3?.stop();
    await redis?.stop();
    removeDirectory(directory);
  });

  const siteFile = (id: string, change: Partial<SiteFile>) =>
    siteFileFor(
      directory,
      id,
      'alpha',
      { host: '127.0.0.1', port: 9, name: 'none', user: 'none', password: 'none-at-all' },
      release.static,
      change,
    );
  const answer = async (script: string, argument: string, site: SiteFile) => {
    const ran = await runForSite(['-c', script, argument], { release, site });
    assert.ok(ran.ok, ran.lastLines.join('\n'));
    return JSON.parse(ran.lastLines.at(-1) ?? '') as Record<string, unknown>;
  };

  it('keep their files each in its own bucket', async (t) => {
    if (!s3) return t.skip('no Go to build versitygw with');
    const { endpoint, region } = s3;
    const stores = createFileStores({
      directory: { storesDir: '/nowhere', firstUid: null, nginxGid: null },
      s3,
      sitesKey: Buffer.alloc(32, 5),
    });
    const made: { site: StoreSite; file: SiteFile }[] = [];
    for (const servedByPlatform of [false, true]) {
      const id = makeId('s', randomBytes(9));
      const site: StoreSite = { id, number: 1, secretVersion: 1, store: { kind: 's3', bucket: id } };
      const store = stores.of(site, { s3: { endpoint, region } });
      await store.create(site);
      const described = store.describe(site, '/media/');
      assert.deepEqual([described.kind, described.mediaUrl], ['s3', null]);
      made.push({
        site,
        file: siteFile(id, { store: servedByPlatform ? { ...described, mediaUrl: '/media/' } : described }),
      });
    }
    for (const [mine, theirs] of [
      [made[0], made[1]],
      [made[1], made[0]],
    ] as const) {
      const seen = await answer(FILES, theirs!.site.id, mine!.file);
      assert.deepEqual([seen.read, seen.distinct, seen.listed], ['one', true, 2]);
      if (mine === made[1]) assert.equal(seen.url, '/media/notes/%C3%84%20b.txt');
      else assert.equal(seen.fetched, 'one', String(seen.url));
      assert.match(String(seen.other), /AccessDenied|Forbidden|403/);
    }
  });

  it('see nothing of each other’s cache', async (t) => {
    if (!redis) return t.skip('no redis-server on PATH');
    const cache = (prefix: string) => ({ cache: { url: redis!.url, prefix } });
    const alpha = siteFile('s0000000a1', cache('s0000000a1'));
    const beta = siteFile('s0000000b2', cache('s0000000b2'));
    assert.deepEqual(await answer(CACHE, 'from alpha', alpha), {
      before: null,
      after: 'from alpha',
      kind: 'RedisCacheClient',
    });
    assert.deepEqual(await answer(CACHE, 'from beta', beta), {
      before: null,
      after: 'from beta',
      kind: 'RedisCacheClient',
    });
    // Of one site, all processes share it.
    assert.equal((await answer(CACHE, 'again', alpha)).before, 'from alpha');
  });

  it('clear each only its own cache, whatever its prefix would match', async (t) => {
    if (!redis) return t.skip('no redis-server on PATH');
    const counts = async (prefix: string, told: string) =>
      (await answer(CLEAR, told, siteFile('s0000000c3', { cache: { url: redis!.url, prefix } }))).counts;
    const [plain, odd] = ['s0000000c3', 's*[a-z]?\\'];
    assert.deepEqual(await counts(plain, 'fill'), [2_501]);
    assert.deepEqual(await counts(odd, 'fill clear fill'), [2_501, 0, 2_501]);
    assert.deepEqual(await counts(plain, 'count clear'), [2_501, 0]);
    assert.deepEqual(await counts(odd, 'count'), [2_501]);
  });
});
