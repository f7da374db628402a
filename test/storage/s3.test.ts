import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test, type TestContext } from 'node:test';
import { makeId } from '../../src/domain/id.ts';
import { createS3Client, elements, type S3Client } from '../../src/storage/s3-client.ts';
import { s3Credentials } from '../../src/storage/s3-credentials.ts';
import { createFileStores, type FileStore, type StoreSite } from '../../src/storage/store.ts';
import { startVersitygw, type Versitygw } from './versitygw.ts';

const sitesKey = Buffer.alloc(32, 3);
let server: Versitygw | null = null;

before(async () => {
  server = await startVersitygw();
});
after(() => server?.stop());

const settings = () => ({ s3: { endpoint: server!.endpoint, region: server!.region } });
const stores = () => createFileStores({ directory: { storesDir: '/nowhere', firstUid: null, nginxGid: null }, s3: server, sitesKey });
const storeOf = (site: StoreSite): FileStore => stores().of(site, settings());

function newSite(secretVersion = 1): StoreSite {
  const id = makeId('s', randomBytes(9));
  return { id, number: 1, secretVersion, store: { kind: 's3', bucket: id } };
}

/** As the site's own code talks to its store. */
function as(site: StoreSite): S3Client {
  const told = storeOf(site).describe(site, '/media/');
  assert.equal(told.kind, 's3');
  return createS3Client(told as Extract<typeof told, { kind: 's3' }>);
}
const asPlatform = () => createS3Client(server!);

function onS3(name: string, body: () => Promise<void>): void {
  test(name, async (t: TestContext) => {
    if (server === null) t.skip('no Go to build versitygw with');
    else await body();
  });
}

onS3('a site writes, reads, lists and removes its files', async () => {
  const site = newSite();
  await storeOf(site).create(site);
  const s3 = as(site);
  const path = `/${site.id}/images/Ä & “b”.txt`;
  assert.equal((await s3('PUT', path, { body: 'hello' })).code, null);
  assert.equal((await s3('GET', path)).text, 'hello');
  assert.deepEqual(elements((await s3('GET', `/${site.id}`, { query: { 'list-type': '2' } })).text, 'Key'), ['images/Ä & “b”.txt']);
  assert.equal((await s3('DELETE', path)).code, null);
  assert.equal((await s3('GET', path)).status, 404);
});

onS3('another site’s credentials, wrong ones, and none at all are refused', async () => {
  const [a, b] = [newSite(), newSite()];
  for (const site of [a, b]) await storeOf(site).create(site);
  await as(b)('PUT', `/${b.id}/secret.txt`, { body: 'b' });
  for (const [method, path, body] of [
    ['GET', `/${b.id}/secret.txt`], ['HEAD', `/${b.id}/secret.txt`], ['GET', `/${b.id}`], ['PUT', `/${b.id}/mine.txt`, 'a'],
    ['DELETE', `/${b.id}/secret.txt`], ['DELETE', `/${b.id}`],
  ] as const) {
    assert.equal((await as(a)(method, path, { body })).status, 403, `${method} ${path}`);
  }
  const copy = await as(a)('PUT', `/${a.id}/copy.txt`, { headers: { 'x-amz-copy-source': `/${b.id}/secret.txt` } });
  assert.equal(copy.status, 403);
  const wrong = createS3Client({ ...server!, accessKey: `${b.id}-v1`, secretKey: 'guessed' });
  await assert.rejects(wrong('GET', `/${b.id}/secret.txt`), { type: 'forbidden' });
  const unknown = createS3Client({ ...server!, accessKey: 'nobody', secretKey: 'guessed' });
  await assert.rejects(unknown('GET', `/${b.id}/secret.txt`), { type: 'forbidden' });
  assert.equal((await fetch(`${server!.endpoint}/${b.id}/secret.txt`)).status, 403);
  assert.equal((await as(b)('GET', `/${b.id}/secret.txt`)).text, 'b');
});

onS3('a site can neither open its bucket to others, nor make buckets or users', async () => {
  const site = newSite();
  await storeOf(site).create(site);
  await as(site)('PUT', `/${site.id}/file.txt`, { body: 'x' });
  const all = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${site.id}/*` }] });
  assert.equal((await as(site)('PUT', `/${site.id}`, { query: { policy: '' }, body: all })).status, 403);
  assert.equal((await as(site)('DELETE', `/${site.id}`)).status, 403);
  assert.equal((await as(site)('PUT', `/${site.id}-other`)).status, 403);
  assert.equal((await as(site)('PATCH', '/list-users')).status, 403);
  assert.equal((await fetch(`${server!.endpoint}/${site.id}/file.txt`)).status, 403);
});

onS3('locked, nobody of the site gets in; unlocked, all is there; each twice', async () => {
  const site = newSite();
  const store = storeOf(site);
  await store.create(site);
  await store.create(site);
  await as(site)('PUT', `/${site.id}/kept.txt`, { body: 'kept' });
  await store.lock(site);
  await store.lock(site);
  assert.equal((await as(site)('GET', `/${site.id}/kept.txt`)).status, 403);
  assert.equal((await as(site)('GET', `/${site.id}`)).status, 403);
  await assert.rejects(store.create(site), { type: 'conflict' });
  await store.unlock(site);
  await store.unlock(site);
  assert.equal((await as(site)('GET', `/${site.id}/kept.txt`)).text, 'kept');
  const never = newSite();
  await assert.rejects(store.lock(never), { type: 'not-found' });
  await assert.rejects(store.unlock(never), { type: 'not-found' });
});

onS3('dropping leaves neither files, nor bucket, nor user, locked or not, twice', async () => {
  const site = newSite();
  const store = storeOf(site);
  await store.create(site);
  await Promise.all([...Array(30).keys()].map((n) => as(site)('PUT', `/${site.id}/d ${n % 3}/+${n}%&<.txt`, { body: 'x' })));
  await as(site)('POST', `/${site.id}/unfinished.bin`, { query: { uploads: '' } });
  await store.lock(site);
  await store.drop(site);
  await store.drop(site);
  assert.equal((await asPlatform()('HEAD', `/${site.id}`)).status, 404);
  await assert.rejects(as(site)('GET', `/${site.id}`), { type: 'forbidden' });
  assert.ok(!(await asPlatform()('PATCH', '/list-users')).text.includes(site.id));
});

onS3('a bucket that Reeve did not make is never emptied', async () => {
  const site = newSite();
  await asPlatform()('PUT', `/${site.id}`);
  await asPlatform()('PUT', `/${site.id}/precious.txt`, { body: 'someone’s' });
  await assert.rejects(storeOf(site).drop(site), { type: 'step-failed' });
  assert.equal((await asPlatform()('GET', `/${site.id}/precious.txt`)).text, 'someone’s');
});

onS3('versions of its secret are let in side by side, until they are shut out; each twice', async () => {
  const [first, second, third] = [1, 2, 3].map((secretVersion) => ({ ...newSite(), secretVersion })) as [StoreSite, StoreSite, StoreSite];
  const site = first.id;
  const of = (version: StoreSite): StoreSite => ({ ...version, id: site, store: first.store });
  const store = storeOf(first);
  await assert.rejects(store.letIn(first), { type: 'not-found' });
  await store.create(first);
  for (const version of [second, second, third]) await store.letIn(of(version));
  assert.equal((await as(of(third))('PUT', `/${site}/new.txt`, { body: 'new' })).code, null);
  for (const version of [first, second]) assert.equal((await as(of(version))('GET', `/${site}/new.txt`)).text, 'new');
  for (const _ of ['once', 'twice']) await store.shutOut(of(third), [1, 2]);
  for (const version of [first, second]) await assert.rejects(as(of(version))('GET', `/${site}/new.txt`), { type: 'forbidden' });
  assert.equal((await as(of(third))('GET', `/${site}/new.txt`)).text, 'new');
  assert.deepEqual(s3Credentials(sitesKey)(of(third))?.accessKey, `${site}-v3`);
});

onS3('a server that is away, or that does not know the platform, is said so', async () => {
  const site = newSite();
  const away = stores().of(site, { s3: { endpoint: 'http://127.0.0.1:9', region: 'us-east-1' } });
  await assert.rejects(away.create(site), { type: 'unavailable' });
  const other = createFileStores({
    directory: { storesDir: '/nowhere', firstUid: null, nginxGid: null }, s3: { accessKey: 'platform', secretKey: 'other' }, sitesKey,
  });
  await assert.rejects(other.of(site, settings()).create(site), { type: 'forbidden' });
  assert.throws(() => stores().of(site, { s3: null }), { type: 'conflict' });
});
