import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { runCommand } from './setup/command.ts';
import { type PostgresChoice, SetupError } from './setup/installed.ts';
import { findUser } from './setup/system-user.ts';

export const SUPERUSER = 'reeve';

/** C.UTF-8 sorts by code point and is the same on each machine; where the system does not know it, C. */
const LOCALES = ['C.UTF-8', 'C'];

/**
 * Makes the data directory of a new cluster where there is none, and returns the superuser's password, which is kept
 * in `secretsDir` (0600, its directory 0700). Made beside its place and renamed, so it is whole or not there.
 *
 * @throws SetupError with initdb's last lines; or where the data is there but its password is not.
 */
export async function bringCluster(
  choice: PostgresChoice & { binDir: string },
  dataDir: string,
  secretsDir: string,
): Promise<string> {
  const secret = join(secretsDir, `postgres-${basename(dataDir)}`);
  if (existsSync(join(dataDir, 'PG_VERSION'))) return readPassword(secret, dataDir);
  mkdirSync(dirname(dataDir), { recursive: true });
  const password = bringPassword(secret);
  const draft = `${dataDir}.part`;
  let tail = '';
  for (const locale of LOCALES) {
    rmSync(draft, { recursive: true, force: true });
    tail = await initialize(choice, draft, locale, password);
    if (tail !== '') continue;
    if (choice.user) await giveTo(choice.user, draft);
    renameSync(draft, dataDir);
    return password;
  }
  throw new SetupError('Postgres', `initdb cannot make a cluster in ${dataDir}`, { tail });
}

/** An empty string, or initdb's last lines. */
async function initialize(choice: { binDir: string }, draft: string, locale: string, password: string): Promise<string> {
  mkdirSync(draft, { mode: 0o700 });
  const passwordFile = `${draft}.password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const user = initializer(choice);
  if (user) {
    for (const path of [draft, passwordFile]) chownSync(path, user.uid, user.gid);
  }
  try {
    const args = ['-D', draft, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', `--locale=${locale}`, '--encoding=UTF8'];
    const result = await runCommand(join(choice.binDir, 'initdb'), args, { uid: user?.uid, gid: user?.gid, cwd: '/' });
    return result.code === 0 ? '' : result.tail || 'initdb said nothing';
  } finally {
    rmSync(passwordFile);
  }
}

/** initdb, unlike the server, refuses a user without an account; `nobody` has one, and is only lent for this. */
function initializer(choice: PostgresChoice): { uid: number; gid: number } | undefined {
  if (!choice.user) return undefined;
  return findUser(choice.user.name) ?? findUser('nobody') ?? choice.user;
}

async function giveTo(user: { uid: number; gid: number }, directory: string): Promise<void> {
  const result = await runCommand('chown', ['-R', `${user.uid}:${user.gid}`, directory]);
  if (result.code !== 0) throw new SetupError('Postgres', `${directory} cannot be given to user ${user.uid}`, { tail: result.tail });
}

function bringPassword(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const password = randomBytes(24).toString('base64url');
  writeFileSync(`${file}.part`, `${password}\n`, { mode: 0o600 });
  chmodSync(`${file}.part`, 0o600);
  renameSync(`${file}.part`, file);
  return password;
}

function readPassword(file: string, dataDir: string): string {
  if (!existsSync(file)) throw new SetupError('Postgres', `${dataDir} is there, but its password, ${file}, is not: bring it back`);
  return readFileSync(file, 'utf8').trim();
}
