/** Whether somebody is who they say: by their password, then by a code where they have set that up. */
import type { Actor } from '../database/change.ts';
import type { Pool } from '../database/pool.ts';
import { type Counted, forgiveAttempt, takeAttempt } from '../database/sign-in/attempts.ts';
import { useRecoveryCode, useTotpStep } from '../database/sign-in/codes.ts';
import { readForSignIn, rehashPassword, type SignInRow } from '../database/users.ts';
import { writeAudit } from '../database/write-audit.ts';
import { ReeveError } from '../domain/errors.ts';
import { type PeopleKey, unsealTotpSecret } from '../domain/secrets.ts';
import { countedAddress } from './address.ts';
import { stepOfCode } from './one-time-code.ts';
import { checkPassword } from './passwords.ts';
import { hashOfRecoveryCode } from './recovery-codes.ts';
import { readTicket } from './ticket.ts';

export interface SignInDeps {
  readonly pool: Pool;
  readonly peopleKey: PeopleKey;
}

/** From where somebody signs in. */
export interface Origin {
  readonly address: string | undefined;
  readonly agent: string | undefined;
  /** A ticket that this browser was given when they signed in from it before. */
  readonly known?: string | undefined;
}

export const foldEmail = (email: string): string => email.trim().toLowerCase();
export const asksForCode = (person: Pick<SignInRow, 'totp_confirmed_at'>): boolean => person.totp_confirmed_at !== null;

/**
 * The person with that e-mail and password. Unknown, disabled and without a password are one answer, after the same time.
 * @throws ReeveError `unauthenticated`, `rate-limited`, `unavailable`
 */
export async function requirePassword({ pool, peopleKey }: SignInDeps, { email, password }: { email: string; password: string }, from: Origin): Promise<SignInRow> {
  const counted: Counted[] = [{ kind: 'account', of: accountOf(peopleKey, email, from) }, countedAddress(from.address)];
  await takeAttempt(pool, counted);
  const found = email.includes('@') ? await readForSignIn(pool, foldEmail(email)) : null;
  const person = found?.state === 'active' ? found : null;
  const { right, rehashed } = await checkPassword(person?.password_hash ?? null, password);
  if (!right || !person) {
    if (found) await noteRefusal(pool, found, from, 'password');
    throw new ReeveError('unauthenticated', 'the e-mail or the password is wrong');
  }
  await forgiveAttempt(pool, counted);
  if (rehashed !== null) await rehashPassword(pool, person.id, person.password_hash!, rehashed);
  return person;
}

/**
 * A browser from which this person has signed in before has a count of its own: whoever floods the account from elsewhere
 * keeps them out nowhere where they are at home.
 */
function accountOf(key: PeopleKey, email: string, { known }: Origin): string {
  const ticket = readTicket(key, 'known-browser', known);
  const folded = foldEmail(email);
  return ticket?.email === folded ? `${folded} ${ticket.browser}` : folded;
}

/**
 * That the code is of their app now, or one of those for its loss; none is taken twice.
 * @throws ReeveError `unauthenticated`, `rate-limited`, `unavailable`
 */
export async function requireCode({ pool, peopleKey }: SignInDeps, person: SignInRow, typed: string, from: Origin): Promise<void> {
  const counted: Counted[] = [{ kind: 'code', of: person.id }];
  await takeAttempt(pool, counted);
  if (!(await useCode(pool, peopleKey, person, typed, from))) {
    await noteRefusal(pool, person, from, 'code');
    throw new ReeveError('unauthenticated', 'that code is not right, or was used already: wait for the next one');
  }
  await forgiveAttempt(pool, counted);
}

async function useCode(pool: Pool, key: PeopleKey, person: SignInRow, typed: string, from: Origin): Promise<boolean> {
  const recovery = hashOfRecoveryCode(typed);
  if (recovery !== null) {
    const good = await useRecoveryCode(pool, person.id, recovery);
    if (good) await writeAudit(pool, { actor: actorOf(person, from), action: 'user.recovery-code-used', subject: `user:${person.id}` });
    return good;
  }
  const secret = person.totp_secret === null ? null : unsealTotpSecret(key, person.id, person.totp_secret);
  if (secret === null) throw new ReeveError('unavailable', 'what makes your codes cannot be read with this platform’s key: use a recovery code, or ask an owner');
  const step = stepOfCode(secret, typed);
  return step !== null && (await useTotpStep(pool, person.id, step));
}

export const actorOf = ({ id, name }: Pick<SignInRow, 'id' | 'name'>, { address }: Pick<Origin, 'address'>): Actor =>
  ({ kind: 'user', id, name, ...(address ? { address } : {}) });

/** Under nobody's name: whoever it was has not shown who they are. */
export const anyone = ({ address }: Pick<Origin, 'address'>): Actor => ({ kind: 'system', id: 'anyone', name: 'anyone', ...(address ? { address } : {}) });

/** Only of people who exist: what strangers make up fills no audit. */
async function noteRefusal(pool: Pool, { id }: SignInRow, from: Origin, wrong: 'password' | 'code'): Promise<void> {
  await writeAudit(pool, { actor: anyone(from), action: 'sign-in.refused', subject: `user:${id}`, after: { wrong } });
}
