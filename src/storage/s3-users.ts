/** Users of versitygw, by its admin API: signed like S3, at the same address. */
import { ReeveError } from '../domain/errors.ts';
import { escapeXml, type S3Answer, type S3Client } from './s3-client.ts';
import type { S3Credentials } from './s3-credentials.ts';

/** Make the user, or give it this secret. */
export async function createUser(s3: S3Client, { accessKey, secretKey }: S3Credentials): Promise<void> {
  const account = `<Account><Access>${escapeXml(accessKey)}</Access><Secret>${escapeXml(secretKey)}</Secret><Role>user</Role></Account>`;
  const made = await s3('PATCH', '/create-user', { body: account });
  if (made.code === null) return;
  if (made.code !== 'XAdminUserExists') throw noUsers(made, accessKey);
  const props = `<MutableProps><Secret>${escapeXml(secretKey)}</Secret></MutableProps>`;
  const updated = await s3('PATCH', '/update-user', { query: { access: accessKey }, body: props });
  if (updated.code !== null) throw noUsers(updated, accessKey);
}

/** Idempotent. */
export async function deleteUser(s3: S3Client, accessKey: string): Promise<void> {
  const gone = await s3('PATCH', '/delete-user', { query: { access: accessKey } });
  if (gone.code !== null && gone.code !== 'XAdminUserNotFound') throw noUsers(gone, accessKey);
}

function noUsers(answer: S3Answer, accessKey: string): ReeveError {
  return new ReeveError('conflict',
    `the S3-compatible server cannot be asked to change user ${accessKey} (${answer.code}): sites need users of their own, ` +
      'which Reeve makes through the admin API of versitygw', { code: answer.code });
}
