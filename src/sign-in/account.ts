/** What people change of their own way in. Each asks again who they are: an open session is not enough to take an account over. */
import { randomBytes } from 'node:crypto';
import { type Pool, transaction } from '../database/pool.ts';
import { storeRecoveryCodes, useTotpStep } from '../database/sign-in/codes.ts';
import { endOldPassword } from '../database/sign-in/old-password.ts';
import { readForSignIn, setPassword, setTotp, type SignInRow } from '../database/users.ts';
import { isReeveError, ReeveError } from '../domain/errors.ts';
import { sealTotpSecret, unsealTotpSecret } from '../domain/secrets.ts';
import { actorOf, asksForCode, type Origin, requireCode, requirePassword, type SignInDeps } from './check.ts';
import { newTotpSecret, stepOfCode, totpUri } from './one-time-code.ts';
import { requireGoodPassword } from './password-policy.ts';
import { hashPassword } from './passwords.ts';
import { newRecoveryCodes } from './recovery-codes.ts';

/** Of whoever is signed in. */
export interface Self {
  readonly user: string;
  /** The one that goes on. */
  readonly session: string | null;
  readonly from: Origin;
}

/** All that the old one gave ends, but this session. @throws ReeveError `invalid`, `rate-limited` */
export async function changePassword(deps: SignInDeps, self: Self, { current, password }: { current: string; password: string }): Promise<void> {
  const person = await themselves(deps.pool, self);
  await requireOwnPassword(deps, person, current, self.from, 'current');
  await requireGoodPassword(password, [person.email, person.name]);
  const hash = await hashPassword(password);
  await transaction(deps.pool, 'begin', async (db) => {
    const actor = actorOf(person, self.from);
    await setPassword(db, person.id, hash, actor);
    await endOldPassword(db, person.id, actor, self.session ?? undefined);
  });
}

/** A secret for an app; it counts once a code of it was shown. @throws ReeveError `invalid`, `conflict` when there is one that counts */
export async function beginTotp(deps: SignInDeps, self: Self, password: string): Promise<{ secret: string; uri: string }> {
  const person = await themselves(deps.pool, self);
  if (asksForCode(person)) throw new ReeveError('conflict', 'one-time codes are on already: turn them off first');
  if (person.password_hash !== null) await requireOwnPassword(deps, person, password, self.from, 'password');
  const secret = newTotpSecret();
  await setTotp(deps.pool, person.id, sealTotpSecret(deps.peopleKey, person.id, secret, randomBytes(12)), false, actorOf(person, self.from));
  return { secret, uri: totpUri(secret, person.email) };
}

/** The secret that waits for its first code; null when none does. */
export async function waitingTotp(deps: SignInDeps, user: string): Promise<{ secret: string; uri: string } | null> {
  const person = await readForSignIn(deps.pool, user);
  if (!person || asksForCode(person) || person.totp_secret === null) return null;
  const secret = unsealTotpSecret(deps.peopleKey, person.id, person.totp_secret);
  return secret === null ? null : { secret, uri: totpUri(secret, person.email) };
}

/** The first code turns them on. @returns recovery codes, shown this once @throws ReeveError `invalid`, `conflict` */
export async function confirmTotp(deps: SignInDeps, self: Self, code: string): Promise<string[]> {
  const person = await themselves(deps.pool, self);
  // E.g. a form that was sent twice.
  if (asksForCode(person)) throw new ReeveError('conflict', 'this was done already; its answer was shown once and is not kept: make new recovery codes');
  const waiting = await waitingTotp(deps, self.user);
  if (!waiting) throw new ReeveError('conflict', 'no app waits to be confirmed: begin again');
  const step = stepOfCode(waiting.secret, code);
  if (step === null) throw wrongCode();
  return await transaction(deps.pool, 'begin', async (db) => {
    if (!(await useTotpStep(db, person.id, step))) throw wrongCode();
    await setTotp(db, person.id, person.totp_secret, true, actorOf(person, self.from));
    return await newCodes(db, person.id);
  });
}

/** By a code of the app, or one for its loss. @throws ReeveError `invalid`, `conflict`, `rate-limited` */
export async function removeTotp(deps: SignInDeps, self: Self, code: string): Promise<void> {
  const person = await requireOwnCode(deps, self, code);
  await transaction(deps.pool, 'begin', async (db) => {
    await setTotp(db, person.id, null, false, actorOf(person, self.from));
    await storeRecoveryCodes(db, person.id, []);
  });
}

/** Instead of those before. @throws ReeveError as removeTotp */
export async function renewRecoveryCodes(deps: SignInDeps, self: Self, code: string): Promise<string[]> {
  const person = await requireOwnCode(deps, self, code);
  return await transaction(deps.pool, 'begin', (db) => newCodes(db, person.id));
}

async function newCodes(db: Parameters<typeof storeRecoveryCodes>[0], user: string): Promise<string[]> {
  const codes = newRecoveryCodes();
  await storeRecoveryCodes(db, user, codes.map(({ hash }) => hash));
  return codes.map(({ text }) => text);
}

async function themselves(pool: Pool, { user }: Self): Promise<SignInRow> {
  const person = await readForSignIn(pool, user);
  if (person?.state === 'active') return person;
  throw new ReeveError('forbidden', 'this is for people who sign in');
}

async function requireOwnPassword(deps: SignInDeps, person: SignInRow, password: string, from: Origin, field: string): Promise<void> {
  if (person.password_hash === null) throw new ReeveError('conflict', 'you sign in elsewhere and have no password here: ask an owner for a link to set one');
  await asField(field, 'is not your password', requirePassword(deps, { email: person.email, password }, from));
}

async function requireOwnCode(deps: SignInDeps, self: Self, code: string): Promise<SignInRow> {
  const person = await themselves(deps.pool, self);
  if (!asksForCode(person)) throw new ReeveError('conflict', 'one-time codes are not on');
  await asField('code', 'is not right, or was used already', requireCode(deps, person, code, self.from));
  return person;
}

/** They are signed in: what is wrong is a field. */
async function asField(path: string, message: string, check: Promise<unknown>): Promise<void> {
  try {
    await check;
  } catch (error) {
    if (isReeveError(error, 'unauthenticated')) throw new ReeveError('invalid', `that ${message}`, { errors: [{ path, message }] });
    throw error;
  }
}

const wrongCode = (): ReeveError => new ReeveError('invalid', 'that code is not right: is the clock of your phone?', { errors: [{ path: 'code', message: 'is not right' }] });
