/** The first person of a platform. Until there is one, whoever holds its first token, or the link that `reeve up` prints, is its owner. */
import type { Principals } from '../api/principals.ts';
import { addGrant } from '../database/grants.ts';
import { transaction } from '../database/pool.ts';
import type { Principal } from '../database/principals.ts';
import { hasPeople } from '../database/sign-in/first-owner.ts';
import { createUser, readForSignIn, setPassword, type SignInRow } from '../database/users.ts';
import type { Actor } from '../database/change.ts';
import { ReeveError } from '../domain/errors.ts';
import type { PeopleKey } from '../domain/secrets.ts';
import { can } from '../domain/permission.ts';
import { takeAttempt } from '../database/sign-in/attempts.ts';
import { countedAddress } from './address.ts';
import type { Origin, SignInDeps } from './check.ts';
import { requireEmail, requireName } from './fields.ts';
import { requireGoodPassword } from './password-policy.ts';
import { hashPassword } from './passwords.ts';
import { makeTicket, readTicket } from './ticket.ts';

const LASTS_MS = 7 * 86_400_000;

/** Where the first owner comes in: good for a week, and only as long as there is nobody. */
export function firstOwnerLink(url: string, key: PeopleKey, now: number = Date.now()): string {
  return `${url.replace(/\/+$/, '')}/first-owner?ticket=${makeTicket(key, 'first-owner', {}, now + LASTS_MS)}`;
}

/**
 * @throws ReeveError `conflict` when there is somebody already, `unauthenticated` when the proof is none, `invalid`, `rate-limited`
 */
export async function makeFirstOwner(
  deps: SignInDeps & { readonly principals: Principals }, proof: { readonly ticket: string } | { readonly token: string },
  given: { email: string; name: string; password: string }, from: Origin,
): Promise<SignInRow> {
  await takeAttempt(deps.pool, [countedAddress(from.address)]);
  const by = await provenBy(deps, proof, from);
  const [email, name] = [requireEmail(given.email), requireName(given.name)];
  await requireGoodPassword(given.password, [email, name]);
  const hash = await hashPassword(given.password);
  return await transaction(deps.pool, 'begin', async (db) => {
    // Of two that come at once, one is the first.
    await db.query('lock table app_user in share row exclusive mode');
    if (await hasPeople(db)) throw new ReeveError('conflict', 'this platform has an owner already: sign in, or ask for an invitation');
    const user = await createUser(db, { email, name, state: 'active', actor: by });
    await setPassword(db, user, hash, by);
    await addGrant(db, { user, role: 'owner', reason: 'the first owner', actor: by });
    return (await readForSignIn(db, user))!;
  });
}

async function provenBy({ peopleKey, principals }: SignInDeps & { readonly principals: Principals }, proof: { ticket: string } | { token: string }, { address }: Origin): Promise<Actor> {
  const at = address ? { address } : {};
  if ('ticket' in proof) {
    if (readTicket(peopleKey, 'first-owner', proof.ticket)) return { kind: 'system', id: 'reeve', name: 'first start', ...at };
    throw new ReeveError('unauthenticated', 'this link has ended: start the platform again for another one, or use its first token');
  }
  const token = /^reeve_[\w-]{20,200}$/.test(proof.token.trim()) ? await principals.byToken(proof.token.trim()) : null;
  if (token && ownsPlatform(token)) return { ...token.actor, ...at };
  throw new ReeveError('unauthenticated', 'that is not the token of an owner of this platform');
}

const ownsPlatform = ({ grantee, user }: Principal): boolean => user === null && can(grantee, 'grant:write', {}, new Date()).allowed;
