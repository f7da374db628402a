/** A site's own credentials for its bucket: derived, like its other secrets, so that containers can compute them. */
import { hkdfSync } from 'node:crypto';
import type { SiteDesired } from '../domain/desired.ts';
import type { SitesKey } from '../domain/secrets.ts';

export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Of one version: two exist side by side while a rotation goes on. 40 characters, as S3's own secrets have. */
export function s3CredentialsOf(sitesKey: SitesKey, site: string, bucket: string, version: number): S3Credentials {
  const secret = hkdfSync('sha256', sitesKey, '', `reeve/v1 store ${site} ${bucket} ${version}`, 30);
  return { accessKey: `${bucket}-v${version}`, secretKey: Buffer.from(secret).toString('base64url') };
}

/** As the renderer takes them (`Secrets.s3Credentials`). */
export function s3Credentials(sitesKey: SitesKey): (site: Pick<SiteDesired, 'id' | 'secretVersion' | 'store'>) => S3Credentials | null {
  return ({ id, secretVersion, store }) => (store.kind === 's3' ? s3CredentialsOf(sitesKey, id, store.bucket, secretVersion) : null);
}
