import { createHmac, randomBytes } from 'node:crypto';
import type { SiteFile } from '../../src/domain/site-file.ts';

/** A sign-in token as the platform makes it; `change` spoils it. */
export function loginToken(site: SiteFile, change: Record<string, unknown> = {}, key = site.loginKey): string {
  const now = Date.now() / 1000;
  const contents = { site: site.site.id, iat: now, exp: now + 900, nonce: randomBytes(12).toString('hex'), ...change };
  const payload = Buffer.from(JSON.stringify(contents)).toString('base64url');
  return `${payload}.${createHmac('sha256', Buffer.from(key, 'hex')).update(payload).digest('base64url')}`;
}
