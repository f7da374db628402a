/**
 * Secrets are derived, not stored: from one key, the site's id and a version. Whoever holds the sites key can compute
 * every site's password, and nobody needs to be told it.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** 32 bytes. Containers get this one; the platform's master key, from which it comes, also guards tokens and sessions. */
export type SitesKey = Buffer;

/** The extracted keys, by the key: extracting again for each of 40,000 secrets took as long as all the rest. */
const extracted = new WeakMap<Buffer, KeyObject>();

function extract(key: Buffer): KeyObject {
  if (key.length < 32) throw new RangeError(`a key has at least 32 bytes, not ${key.length}`);
  let pseudorandom = extracted.get(key);
  if (!pseudorandom) {
    pseudorandom = createSecretKey(createHmac('sha256', Buffer.alloc(32)).update(key).digest());
    extracted.set(key, pseudorandom);
  }
  return pseudorandom;
}

/**
 * HKDF-SHA256 (RFC 5869) without salt, for up to 64 bytes. Each part of the context is preceded by its length, so that
 * no two lists of parts give one context.
 */
function derive(key: Buffer, purpose: string, parts: readonly (string | number)[], length = 32): Buffer {
  const info = ['reeve/v1', purpose, ...parts.map(String)].map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
  const pseudorandom = extract(key);
  const first = createHmac('sha256', pseudorandom).update(info).update('\x01').digest();
  if (length <= first.length) return first.subarray(0, length);
  const second = createHmac('sha256', pseudorandom).update(first).update(info).update('\x02').digest();
  return Buffer.concat([first, second]).subarray(0, length);
}

/** The key that containers hold, from the platform's master key. */
export function deriveSitesKey(masterKey: Buffer): SitesKey {
  return derive(masterKey, 'sites', []);
}

/** Password of the login role `<site>_v<version>`: 43 characters that need no escaping in a URL. */
export function databasePassword(sitesKey: SitesKey, site: string, version: number): string {
  return derive(sitesKey, 'database', [site, version]).toString('base64url');
}

/** The login role of a site's database. Two versions exist side by side while a rotation goes on. */
export function databaseRole(site: string, version: number): string {
  return `${site}_v${version}`;
}

/** 64 characters: Django asks for 50 at least, of more than 5 kinds. */
export function djangoSecretKey(sitesKey: SitesKey, site: string, version: number): string {
  return derive(sitesKey, 'django', [site, version], 48).toString('base64url');
}

/** Signs one-time links to a site's own admin, in hexadecimal. Another version ends all links that are out. */
export function loginKey(sitesKey: SitesKey, site: string, version: number): string {
  return derive(sitesKey, 'login', [site, version]).toString('hex');
}

/** Precedes each key of a site in a shared cache. The id alone: known to all, unique, never another site's beginning. */
export function cachePrefix(site: string): string {
  return site;
}

/** What an agent shows and is shown on its own listener; another incarnation has another. */
export function agentToken(sitesKey: SitesKey, container: string, incarnation: number): string {
  return derive(sitesKey, 'agent', [container, incarnation]).toString('base64url');
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `v1.` and base64url of nonce, AES-256-GCM ciphertext and tag; `about` is authenticated too. */
function seal(key: Buffer, about: string, text: string, nonce: Buffer): string {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes, not ${nonce.length}`);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(about));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `v1.${Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url')}`;
}

/** @throws when it is not what `seal` made with that key about that */
function unseal(key: Buffer, about: string, stored: string): string {
  if (!stored.startsWith('v1.')) throw new RangeError('unknown version');
  const bytes = Buffer.from(stored.slice(3), 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(about));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)), decipher.final()]).toString('utf8');
}

/**
 * A site's variable as it is stored. The site and the variable's name are authenticated too: a value moved to another
 * site or name does not decrypt.
 * @param nonce 12 random bytes, which the caller draws anew for each value (the domain has no randomness of its own)
 */
export function encryptEnvValue(sitesKey: SitesKey, site: string, name: string, value: string, nonce: Buffer): string {
  return seal(derive(sitesKey, 'env', [site]), `${site}/${name}`, value, nonce);
}

/** @throws SecretUnreadable when it was made with another key, for another site or name, or was changed */
export function decryptEnvValue(sitesKey: SitesKey, site: string, name: string, stored: string): string {
  try {
    return unseal(derive(sitesKey, 'env', [site]), `${site}/${name}`, stored);
  } catch (cause) {
    throw new SecretUnreadable(site, name, { cause });
  }
}

/** 32 bytes: guards what channels hold. From the master key, so that no container has it. */
export type AlertsKey = Buffer;

export function deriveAlertsKey(masterKey: Buffer): AlertsKey {
  return derive(masterKey, 'alerts', []);
}

/** What a channel holds, as it is stored; `nonce` as for a site's variable. */
export function sealChannel(key: AlertsKey, channel: string, text: string, nonce: Buffer): string {
  return seal(derive(key, 'channel', [channel]), channel, text, nonce);
}

/** Null when it was made with another key or for another channel, or was changed. */
export function unsealChannel(key: AlertsKey, channel: string, stored: string): string | null {
  try {
    return unseal(derive(key, 'channel', [channel]), channel, stored);
  } catch {
    return null;
  }
}

/** 32 bytes: guards what is kept of people. From the master key, so that no container has it. */
export type PeopleKey = Buffer;

export function derivePeopleKey(masterKey: Buffer): PeopleKey {
  return derive(masterKey, 'people', []);
}

/** What a session's own forms send back with them; another site's cannot know it. */
export function csrfToken(key: PeopleKey, session: string): string {
  return derive(key, 'csrf', [session]).toString('base64url');
}

/** Signs what a browser keeps for us, for one purpose: 43 characters. */
export function peopleSignature(key: PeopleKey, purpose: string, text: string): string {
  return derive(key, 'signature', [purpose, text]).toString('base64url');
}

/** Of a request, whole: tells whether another one is the same, and nothing to whoever has not the key. 43 characters. */
export function requestDigest(key: PeopleKey, request: string): string {
  return createHmac('sha256', derive(key, 'request', [])).update(request).digest('base64url');
}

/** The secret of a person's one-time codes, as it is stored; `nonce` as for a site's variable. */
export function sealTotpSecret(key: PeopleKey, user: string, secret: string, nonce: Buffer): string {
  return seal(derive(key, 'totp', [user]), user, secret, nonce);
}

/** Null when it was made with another key or for another person, or was changed. */
export function unsealTotpSecret(key: PeopleKey, user: string, stored: string): string | null {
  try {
    return unseal(derive(key, 'totp', [user]), user, stored);
  } catch {
    return null;
  }
}

/** A stored value that cannot be decrypted: the platform's key was changed, or the row was. Holds no part of it. */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
  readonly site: string;
  readonly variable: string;

  constructor(site: string, variable: string, options?: ErrorOptions) {
    super(`the variable ${variable} of site ${site} cannot be decrypted with this platform's key`, options);
    this.site = site;
    this.variable = variable;
  }
}
