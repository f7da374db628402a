import { createHash } from 'node:crypto';
import { ReeveError } from '../domain/errors.ts';
import type { SitesKey } from '../domain/secrets.ts';
import { createS3Client, elements, escapeXml, type S3Answer, type S3Client, type S3Server } from './s3-client.ts';
import { s3CredentialsOf } from './s3-credentials.ts';
import { createUser, deleteUser } from './s3-users.ts';
import type { FileStore, StoreSite } from './store.ts';

/** All that a site does with its files. Not its bucket's policy, nor access lists: a site cannot open its bucket to others. */
const ON_OBJECTS = [
  's3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts',
];
const ON_BUCKET = ['s3:ListBucket', 's3:GetBucketLocation', 's3:ListBucketMultipartUploads'];

/**
 * A bucket a site, owned by the platform's own user, and a user a site (and version of its secret), which that bucket's
 * policy alone lets in. Locking removes the policy: then nobody but the platform gets in.
 *
 * Users are made through versitygw's admin API. S3 itself has no way to make users, so on a server without that API
 * `create` is refused: sites that share one set of credentials would read each other's files.
 */
export function createS3Store(server: S3Server & { readonly sitesKey: SitesKey }): FileStore {
  const s3 = createS3Client(server);
  const bucketOf = (site: StoreSite) => {
    if (site.store.kind !== 's3') throw new RangeError(`site ${site.id} has no bucket`);
    return site.store.bucket;
  };
  const credentials = (site: StoreSite, version = site.secretVersion) =>
    s3CredentialsOf(server.sitesKey, site.id, bucketOf(site), version);

  const letIn = async (site: StoreSite) => {
    const bucket = bucketOf(site);
    const current = credentials(site);
    await createUser(s3, current);
    // Containers that have not been told the new version yet still come with a former one.
    const before = await policyUsers(s3, bucket) ?? [];
    await setPolicy(s3, bucket, [current.accessKey, ...before.filter((user) => user !== current.accessKey)]);
  };

  return {
    async create(site) {
      const bucket = bucketOf(site);
      expect(await s3('PUT', `/${bucket}`), `bucket ${bucket}`, 'BucketAlreadyOwnedByYou');
      if ((await tagOf(s3, bucket)) === 'locked') {
        throw new ReeveError('conflict', `site ${site.id} has a locked bucket: restore or purge it`, { subject: `site:${site.id}` });
      }
      await setTag(s3, bucket, 'open');
      await letIn(site);
    },

    async lock(site) {
      const bucket = bucketOf(site);
      await mustExist(s3, bucket, site);
      await setTag(s3, bucket, 'locked');
      expect(await s3('DELETE', `/${bucket}`, { query: { policy: '' } }), `the policy of bucket ${bucket}`, 'NoSuchBucketPolicy');
    },

    async unlock(site) {
      const bucket = bucketOf(site);
      await mustExist(s3, bucket, site);
      await letIn(site);
      await setTag(s3, bucket, 'open');
    },

    async letIn(site) {
      await mustExist(s3, bucketOf(site), site);
      await letIn(site);
    },

    async shutOut(site, versions) {
      const bucket = bucketOf(site);
      const out = versions.map((version) => credentials(site, version).accessKey);
      const before = await policyUsers(s3, bucket) ?? [];
      const left = before.filter((user) => !out.includes(user));
      // A policy that lets in nobody is none; its bucket is locked, or was not opened yet.
      if (left.length > 0 && left.length < before.length) await setPolicy(s3, bucket, left);
      for (const user of out) await deleteUser(s3, user);
    },

    async drop(site) {
      const bucket = bucketOf(site);
      for (let version = 1; version <= site.secretVersion; version += 1) await deleteUser(s3, credentials(site, version).accessKey);
      const there = await s3('HEAD', `/${bucket}`);
      if (there.status === 404) return;
      // Only what Reeve has marked as its own is emptied; one without the mark goes if there is nothing in it.
      if ((await tagOf(s3, bucket)) !== null) {
        expect(await s3('DELETE', `/${bucket}`, { query: { policy: '' } }), `the policy of bucket ${bucket}`, 'NoSuchBucketPolicy');
        await emptyBucket(s3, bucket);
      }
      expect(await s3('DELETE', `/${bucket}`), `bucket ${bucket}`, 'NoSuchBucket');
    },

    describe: (site) => ({
      kind: 's3', endpoint: server.endpoint, region: server.region, bucket: bucketOf(site), ...credentials(site), mediaUrl: null,
    }),
  };
}

const MARK = 'reeve';

/** Null: not a bucket that Reeve made. */
async function tagOf(s3: S3Client, bucket: string): Promise<string | null> {
  const tags = await s3('GET', `/${bucket}`, { query: { tagging: '' } });
  if (tags.code === 'NoSuchTagSet') return null;
  expect(tags, `the tags of bucket ${bucket}`);
  const at = elements(tags.text, 'Key').indexOf(MARK);
  return elements(tags.text, 'Value')[at] ?? null;
}

async function setTag(s3: S3Client, bucket: string, value: 'open' | 'locked'): Promise<void> {
  const body = `<Tagging><TagSet><Tag><Key>${MARK}</Key><Value>${value}</Value></Tag></TagSet></Tagging>`;
  const headers = { 'content-md5': md5(body) };
  expect(await s3('PUT', `/${bucket}`, { query: { tagging: '' }, headers, body }), `the tags of bucket ${bucket}`);
}

const md5 = (text: string) => createHash('md5').update(text).digest('base64');

function policyFor(bucket: string, users: readonly string[]): string {
  const allow = (Action: readonly string[], Resource: string) => ({ Effect: 'Allow', Principal: { AWS: users }, Action, Resource });
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [allow(ON_BUCKET, `arn:aws:s3:::${bucket}`), allow(ON_OBJECTS, `arn:aws:s3:::${bucket}/*`)],
  });
}

async function setPolicy(s3: S3Client, bucket: string, users: readonly string[]): Promise<void> {
  expect(await s3('PUT', `/${bucket}`, { query: { policy: '' }, body: policyFor(bucket, users) }), `the policy of bucket ${bucket}`);
}

/** Who the bucket's policy lets in; null when it has none. */
async function policyUsers(s3: S3Client, bucket: string): Promise<string[] | null> {
  const answer = await s3('GET', `/${bucket}`, { query: { policy: '' } });
  if (answer.code === 'NoSuchBucketPolicy') return null;
  expect(answer, `the policy of bucket ${bucket}`);
  const policy = JSON.parse(answer.text) as { Statement: { Principal: { AWS: string | string[] } }[] };
  return policy.Statement.flatMap(({ Principal }) => Principal.AWS);
}

async function mustExist(s3: S3Client, bucket: string, site: StoreSite): Promise<void> {
  const there = await s3('HEAD', `/${bucket}`);
  if (there.status === 404) throw new ReeveError('not-found', `site ${site.id} has no bucket`, { subject: `site:${site.id}` });
  expect(there, `bucket ${bucket}`);
}

/** Objects, and uploads in parts that were never finished, a page at a time. */
async function emptyBucket(s3: S3Client, bucket: string): Promise<void> {
  for (;;) {
    const page = await s3('GET', `/${bucket}`, { query: { 'list-type': '2', 'max-keys': '1000' } });
    if (page.code === 'NoSuchBucket') return;
    expect(page, `the objects of bucket ${bucket}`);
    const keys = elements(page.text, 'Key');
    if (keys.length === 0) break;
    const body = `<Delete><Quiet>true</Quiet>${keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`).join('')}</Delete>`;
    const headers = { 'content-md5': md5(body) };
    const removed = await s3('POST', `/${bucket}`, { query: { delete: '' }, headers, body });
    expect(removed, `the objects of bucket ${bucket}`);
    if (removed.text.includes('<Error>')) throw failed({ ...removed, code: elements(removed.text, 'Code')[0] ?? null }, `the objects of bucket ${bucket}`);
  }
  const uploads = await s3('GET', `/${bucket}`, { query: { uploads: '' } });
  expect(uploads, `the uploads of bucket ${bucket}`);
  const ids = elements(uploads.text, 'UploadId');
  for (const [i, key] of elements(uploads.text, 'Key').entries()) {
    expect(await s3('DELETE', `/${bucket}/${key}`, { query: { uploadId: ids[i]! } }), `an upload of bucket ${bucket}`, 'NoSuchUpload');
  }
}

function expect(answer: S3Answer, what: string, ...fine: string[]): void {
  if (answer.code !== null && !fine.includes(answer.code)) throw failed(answer, what);
}

function failed(answer: S3Answer, what: string): ReeveError {
  return new ReeveError('step-failed', `the S3-compatible server refuses ${what}: ${answer.code ?? answer.status}`,
    { status: answer.status, code: answer.code });
}
