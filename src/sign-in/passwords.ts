/** Passwords are kept as argon2id hashes, with the parameters in each, so that they can rise later. */
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { createGate } from './gate.ts';

/** argon2id (a const enum there, which types that are stripped cannot have). */
const ARGON2ID = 2;
/** OWASP's password storage cheat sheet: 19 MiB, two passes, one lane. */
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Two at once take 40 MB and both cores for 50 ms each; whoever floods the form waits, and the API goes on. */
const gate = createGate({ atOnce: 2, waiting: 40, full: 'too many people sign in at this moment; try again in a few seconds' });

/** @throws ReeveError `rate-limited` when too many are at it */
export function hashPassword(password: string): Promise<string> {
  return gate.through(() => hash(normalized(password), PARAMETERS));
}

/** What an unknown person's password is checked against, so that it takes as long as a known one's. */
let nobodys: Promise<string> | undefined;

export interface Checked {
  readonly right: boolean;
  /** The same password with today's parameters, where the stored hash has others. */
  readonly rehashed: string | null;
}

/**
 * Whether it is the password of that hash. Null, of somebody unknown or without a password, takes as long and is never right.
 * @throws ReeveError `rate-limited`
 */
export async function checkPassword(stored: string | null, password: string): Promise<Checked> {
  nobodys ??= hash('nobody has this password', PARAMETERS);
  const against = stored ?? (await nobodys);
  return await gate.through(async () => {
    const right = (await verify(against, normalized(password)).catch(() => false)) && stored !== null;
    return { right, rehashed: right && isOutdated(against) ? await hash(normalized(password), PARAMETERS) : null };
  });
}

function isOutdated(stored: string): boolean {
  const of = parseOptions(stored);
  return of.algorithm !== PARAMETERS.algorithm || of.memoryCost !== PARAMETERS.memoryCost
    || of.timeCost !== PARAMETERS.timeCost || of.parallelism !== PARAMETERS.parallelism;
}

/** One way to write é, whatever keyboard it came from (NIST SP 800-63B). */
const normalized = (password: string): string => password.normalize('NFKC');
