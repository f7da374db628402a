/** Invitations and new passwords: links that are good once. */
import { createLink, findLink, type LinkPurpose, type LinkRow, takeLink } from '../database/one-time-links.ts';
import { transaction } from '../database/pool.ts';
import { forgiveAttempt, takeAttempt } from '../database/sign-in/attempts.ts';
import { endOldPassword } from '../database/sign-in/old-password.ts';
import { readForSignIn, setPassword, type SignInRow, updateUser } from '../database/users.ts';
import { ReeveError } from '../domain/errors.ts';
import { countedAddress } from './address.ts';
import { actorOf, anyone, foldEmail, type Origin, type SignInDeps } from './check.ts';
import { requireName } from './fields.ts';
import { resetLetter } from './letters.ts';
import { type MailDeps, post } from './mail.ts';
import { requireGoodPassword } from './password-policy.ts';
import { hashPassword } from './passwords.ts';

/** What a page asks first. @throws ReeveError `conflict` when the link is good no more */
export async function requireLink({ pool }: SignInDeps, text: string, purpose: LinkPurpose): Promise<LinkRow> {
  const link = await findLink(pool, text, purpose);
  if (link) return link;
  throw new ReeveError('conflict', 'this link was used before, or has ended: ask for another one');
}

/**
 * Come in by an invitation, with a password of one's own.
 * @throws ReeveError `conflict` when the link is good no more, `invalid` for a bad name or password, which leaves the link as it is
 */
export async function acceptInvitation(deps: SignInDeps, text: string, given: { name: string; password: string }, from: Origin): Promise<SignInRow> {
  const invited = await requireLink(deps, text, 'invitation');
  const { password } = given;
  const name = requireName(given.name);
  await requireGoodPassword(password, [invited.email, name]);
  const hash = await hashPassword(password);
  return await transaction(deps.pool, 'begin', async (db) => {
    const { user } = await takeLink(db, text, 'invitation');
    const actor = actorOf({ id: user, name }, from);
    await setPassword(db, user, hash, actor);
    if (name !== invited.name) await updateUser(db, user, { name }, actor);
    return (await readForSignIn(db, user))!;
  });
}

/**
 * A new password, by a link. All that the old one gave ends: whoever knew it is out. A second step stays asked for.
 * @throws ReeveError as acceptInvitation
 */
export async function resetPassword(deps: SignInDeps, text: string, password: string, from: Origin): Promise<SignInRow> {
  const { email, name } = await requireLink(deps, text, 'reset');
  await requireGoodPassword(password, [email, name]);
  const hash = await hashPassword(password);
  const person = await transaction(deps.pool, 'begin', async (db) => {
    const { user } = await takeLink(db, text, 'reset');
    const actor = actorOf({ id: user, name }, from);
    await setPassword(db, user, hash, actor);
    await endOldPassword(db, user, actor);
    return (await readForSignIn(db, user))!;
  });
  await forgiveAttempt(deps.pool, [{ kind: 'account', of: foldEmail(email) }]);
  return person;
}

/**
 * A letter for whoever forgot their password, if there is such a person and the dashboard's own address is known. Whoever
 * asks learns neither: it goes afterwards, in the background.
 * @throws ReeveError `rate-limited`
 */
export async function sendForgotten(deps: SignInDeps & MailDeps & { readonly config: { readonly REEVE_URL?: string | undefined } }, email: string, from: Origin): Promise<void> {
  const link = await linkForForgotten(deps, email, from);
  if (link && deps.config.REEVE_URL) void post(deps, 'reset', resetLetter(deps.config.REEVE_URL, link));
}

/** For their mailbox alone; null where there is nobody to send it to. @throws ReeveError `rate-limited` */
async function linkForForgotten({ pool }: SignInDeps, email: string, from: Origin): Promise<{ to: string; text: string } | null> {
  const of = foldEmail(email);
  await takeAttempt(pool, [{ kind: 'mail', of }, { ...countedAddress(from.address), kind: 'mail' }]);
  const person = of.includes('@') ? await readForSignIn(pool, of) : null;
  if (person?.state !== 'active') return null;
  const { text } = await createLink(pool, { user: person.id, purpose: 'reset', actor: anyone(from) });
  return { to: person.email, text };
}
