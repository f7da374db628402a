/** People to sign in as. */
import { randomBytes } from 'node:crypto';
import { TOTP } from 'otpauth';
import { addGrant } from '../../src/database/grants.ts';
import { createUser, setPassword, setTotp } from '../../src/database/users.ts';
import { sealTotpSecret } from '../../src/domain/secrets.ts';
import { newTotpSecret } from '../../src/sign-in/one-time-code.ts';
import { hashPassword } from '../../src/sign-in/passwords.ts';
import { SYSTEM, type TestApi } from '../api/harness.ts';

export const PASSWORD = 'paul the octopus';
let hashed: Promise<string> | undefined;

export interface TestPerson {
  readonly id: string;
  readonly email: string;
  /** Of their app; empty without one. */
  readonly secret: string;
}

/** An active person with PASSWORD. */
export async function person(
  { database: { pool }, peopleKey }: Pick<TestApi, 'database' | 'peopleKey'>, name: string, { totp = false, role }: { totp?: boolean; role?: string } = {},
): Promise<TestPerson> {
  const email = `${name}@example.org`;
  const id = await createUser(pool, { email, name, state: 'active', actor: SYSTEM });
  hashed ??= hashPassword(PASSWORD);
  await setPassword(pool, id, await hashed, SYSTEM);
  const secret = totp ? newTotpSecret() : '';
  if (totp) await setTotp(pool, id, sealTotpSecret(peopleKey, id, secret, randomBytes(12)), true, SYSTEM);
  if (role) await addGrant(pool, { user: id, role, actor: SYSTEM });
  return { id, email, secret };
}

/** What their app shows now, or so many half minutes later. */
export const codeOf = ({ secret }: Pick<TestPerson, 'secret'>, later = 0): string => new TOTP({ secret }).generate({ timestamp: Date.now() + later * 30_000 });
