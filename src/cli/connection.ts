/** Which platform the command line talks to, and as whom. */
import { readFileSync, statSync } from 'node:fs';
import { ReeveError } from '../domain/errors.ts';
import { findHome, HomeError } from '../local/home.ts';
import { readLogins } from './login/store.ts';

export interface Connection {
  /** e.g. `http://127.0.0.1:8081` */
  readonly api: string;
  readonly token: string;
  /** Addresses of the platform on this machine; null when the connection was given from outside. */
  readonly access: Access | null;
}

/** `.reeve/access.json`, which `reeve up` writes. */
export interface Access {
  readonly api: string;
  readonly dashboard?: string;
  readonly edge?: string;
  readonly temporalUi?: string;
  readonly token: string;
}

export interface ConnectionOptions {
  readonly api?: string;
  readonly tokenFile?: string;
}

/**
 * In order: `--api` and `--token-file`, `REEVE_API` and `REEVE_TOKEN`, where the person has logged in to (`reeve login`), the
 * access file of the platform on this machine. A token is never sent to an address it did not come with, unless a person
 * gave both.
 *
 * @throws ReeveError `unavailable` when no platform is known, `unauthenticated` when there is no token for it,
 *   `bad-request` when what was given cannot be used
 */
export function findConnection(options: ConnectionOptions, env: NodeJS.ProcessEnv = process.env): Connection {
  const api = options.api ?? (env.REEVE_API || undefined);
  const token = options.tokenFile ? readTokenFile(options.tokenFile) : env.REEVE_TOKEN || undefined;
  // Given whole, nothing of this machine is asked: it may have no home that can be used.
  if (api && token) return { api: checkAddress(api), token, access: null };
  const login = token === undefined ? findLogin(api, env) : null;
  if (login) return login;
  const access = readAccess(env);
  if (api) {
    const address = checkAddress(api);
    if (!access || checkAddress(access.api) !== address) {
      throw new ReeveError('unauthenticated', `no token for ${address}: log in with \`reeve login ${address}\`, set REEVE_TOKEN, or give --token-file`);
    }
    return { api: address, token: access.token, access };
  }
  if (access) return { api: checkAddress(access.api), token: token ?? access.token, access };
  throw new ReeveError('unavailable',
    'no platform is running here: start one with `reeve up`, log in to one with `reeve login`, or point at one with REEVE_API and REEVE_TOKEN');
}

/** Where the person has logged in to: the address that is named, else the last one, unless a home is named in which a platform is. */
function findLogin(api: string | undefined, env: NodeJS.ProcessEnv): Connection | null {
  if (!api && env.REEVE_HOME && readAccess(env)) return null;
  const { current, logins } = readLogins(env);
  const address = api ? checkAddress(api) : current;
  const login = address === null ? undefined : logins[address];
  return login ? { api: address!, token: login.token, access: null } : null;
}

/** The access file of the platform on this machine; null where none was started. */
export function readAccess(env: NodeJS.ProcessEnv = process.env): Access | null {
  const file = accessFile(env);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    // Another user's platform, or one that was started with sudo: the file is 0600.
    throw new ReeveError('forbidden', `cannot read ${file} (${code}): it belongs to whoever started the platform`);
  }
  try {
    const access = JSON.parse(text) as Access;
    if (typeof access.api === 'string' && typeof access.token === 'string') return access;
  } catch {
    // Said below: half a file is as useless as a wrong one.
  }
  throw new ReeveError('unavailable', `${file} does not say where the platform is: start it again with \`reeve up\``);
}

function accessFile(env: NodeJS.ProcessEnv): string {
  try {
    return findHome({ env }).accessFile;
  } catch (error) {
    if (error instanceof HomeError) throw new ReeveError('bad-request', error.message, {}, error);
    throw error;
  }
}

/** Without what may be left out at its end. @throws ReeveError `bad-request` */
export function checkAddress(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ReeveError('bad-request', `${JSON.stringify(text)} is not an address like http://127.0.0.1:8081`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ReeveError('bad-request', `the API's address begins with http:// or https://, not ${url.protocol}//`);
  }
  return url.href.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
}

function readTokenFile(path: string): string {
  let token: string;
  try {
    if (statSync(path).size > 4096) throw new Error('it is too large for a token');
    token = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ReeveError('bad-request', `cannot read the token file ${path}: ${(error as Error).message}`);
  }
  if (!token || /\s/.test(token)) throw new ReeveError('bad-request', `${path} does not hold a token alone`);
  return token;
}
