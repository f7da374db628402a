/** What `reeve login` keeps: tokens by the address of their API, in the person's own configuration, 0600. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ReeveError } from '../../domain/errors.ts';

export interface Login {
  readonly token: string;
  /** The token's id, for `reeve logout`. */
  readonly id: string;
  readonly email: string;
  readonly expiresAt: string | null;
}

export interface Logins {
  /** Where commands go that name no other place: the last one that was logged in to. */
  readonly current: string | null;
  readonly logins: Readonly<Record<string, Login>>;
}

const NONE: Logins = { current: null, logins: {} };

/** `$XDG_CONFIG_HOME/reeve/logins.json`, else under ~/.config. */
export function loginsFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'reeve', 'logins.json');
}

/** @throws ReeveError `bad-request` when the file is there and cannot be read */
export function readLogins(env?: NodeJS.ProcessEnv): Logins {
  const file = loginsFile(env);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return NONE;
    throw new ReeveError('bad-request', `cannot read ${file} (${code})`);
  }
  try {
    const { current, logins } = JSON.parse(text) as Logins;
    if (logins !== null && typeof logins === 'object') return { current: current ?? null, logins };
  } catch {
    // Said below.
  }
  throw new ReeveError('bad-request', `${file} is not what \`reeve login\` writes: remove it, and log in again`);
}

/** Replaced by rename: a command that is cut off leaves the old file or the new one. */
export function writeLogins(logins: Logins, env?: NodeJS.ProcessEnv): void {
  const file = loginsFile(env);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function withLogin({ logins }: Logins, api: string, login: Login): Logins {
  return { current: api, logins: { ...logins, [api]: login } };
}

export function withoutLogin({ current, logins }: Logins, api: string): Logins {
  const { [api]: _, ...rest } = logins;
  return { current: current === api ? null : current, logins: rest };
}
