/** Secrets that must be there before anything of docker-compose.yml starts: the master key, and Postgres' password. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync } from 'node:fs';
import { z } from 'zod';
import { ReeveError } from '../../domain/errors.ts';
import { writeSecret } from '../up/keys.ts';

const schema = z.object({
  REEVE_MASTER_KEY_FILE: z.string(),
  /** In a volume that only Postgres and the parts with its superuser's URL have: site containers are in its network too. */
  REEVE_POSTGRES_PASSWORD_FILE: z.string(),
});

/**
 * Make those that are missing; the others stay as they are.
 * @throws ReeveError `invalid`, naming each variable that is missing
 */
export function makeComposeKeys(environment: NodeJS.ProcessEnv = process.env): void {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) throw new ReeveError('invalid', `the environment is not right: ${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')} missing`);
  const { REEVE_MASTER_KEY_FILE: masterKey, REEVE_POSTGRES_PASSWORD_FILE: password } = parsed.data;
  if (!existsSync(masterKey)) writeSecret(masterKey, randomBytes(32).toString('hex'));
  if (!existsSync(password)) writeSecret(password, randomBytes(24).toString('hex'));
  // Postgres' images read it as users of their own, whose numbers differ from image to image.
  chmodSync(password, 0o444);
}
