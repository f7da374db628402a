import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveSitesKey } from '../../domain/secrets.ts';
import { type Home, HomeError } from '../home.ts';

/** The keys of a local platform: made on its first start, and the same ever after. */
export interface Keys {
  readonly masterKeyFile: string;
  readonly masterKey: Buffer;
  /** What containers get: the sites' secrets come from it, and nothing else does. */
  readonly sitesKeyFile: string;
  readonly sitesKey: Buffer;
}

/**
 * Read the keys, or make them. `REEVE_MASTER_KEY_FILE` names another master key (64 hex digits).
 * @throws HomeError when a key file is there but is not a key: making a new one would lose every site's password
 */
export function readOrMakeKeys(home: Home, env: NodeJS.ProcessEnv = process.env): Keys {
  const masterKeyFile = env.REEVE_MASTER_KEY_FILE ?? join(home.secretsDir, 'master.key');
  if (!existsSync(masterKeyFile)) {
    if (env.REEVE_MASTER_KEY_FILE) throw new HomeError(`there is no master key at ${masterKeyFile}`);
    writeSecret(masterKeyFile, randomBytes(32).toString('hex'));
  }
  const text = readFileSync(masterKeyFile, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw new HomeError(`${masterKeyFile} is not a master key (64 hex digits)`);
  const masterKey = Buffer.from(text, 'hex');
  const sitesKey = deriveSitesKey(masterKey);
  const sitesKeyFile = join(home.secretsDir, 'sites.key');
  writeSecret(sitesKeyFile, sitesKey.toString('hex'));
  return { masterKeyFile, masterKey, sitesKeyFile, sitesKey };
}

/** Replace a secret's file, 0600, by rename. */
export function writeSecret(file: string, text: string): void {
  writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
