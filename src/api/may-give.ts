import type { Actor } from '../database/change.ts';
import { invitedByAnother } from '../database/one-time-links.ts';
import type { Queryable } from '../database/pool.ts';
import { ReeveError } from '../domain/errors.ts';
import { type Action, type Grant, type Grantee, isRole, mayGrant, ROLE_ACTIONS } from '../domain/permission.ts';

/**
 * No one gives what they do not have, nor for longer.
 * @param what in words, e.g. the role's name
 * @throws ReeveError `forbidden`
 */
export function requireMayGive(
  grantee: Grantee, { what, actions, site, endsAt }: { what: string; actions: Iterable<Action>; site?: string | undefined; endsAt?: string | Date | undefined },
): void {
  const now = new Date();
  const until = endsAt === undefined ? undefined : new Date(endsAt);
  if (mayGrant(grantee, actions, site === undefined ? {} : { site }, now, until)) return;
  const longer = until === undefined && mayGrant(grantee, actions, site === undefined ? {} : { site }, now, now);
  throw new ReeveError('forbidden', longer
    ? `${grantee.name} has ${what} until its end, and cannot give it for longer: say an end`
    : `${grantee.name} cannot give what it does not have: ${what}`);
}

/** Whoever could act as another (by their password, or as their team) must have all that the other has now. @throws ReeveError `forbidden` */
export function requireCovers(grantee: Grantee, others: readonly Grant[], whose: string): void {
  const now = new Date();
  for (const { role, actions, site, endsAt } of others) {
    if (endsAt !== undefined && endsAt <= now) continue;
    if (mayGrant(grantee, actions ?? (isRole(role) ? ROLE_ACTIONS[role] : []), site === undefined ? {} : { site }, now, now)) continue;
    throw new ReeveError('forbidden', `${whose} may more than ${grantee.name}: ${role} of ${site === undefined ? 'the platform' : `site ${site}`}`);
  }
}

/**
 * Whoever was invited by somebody else and has not come in yet is given more by another invitation alone, which makes the
 * earlier link good no more: that link is known to whoever made it, and would let them in as somebody who may more than they do.
 * @throws ReeveError `conflict`
 */
export async function requireCameIn(db: Queryable, { id, name, state }: { readonly id: string; readonly name: string; readonly state: string }, actor: Actor): Promise<void> {
  if (state !== 'invited' || !(await invitedByAnother(db, id, actor))) return;
  throw new ReeveError('conflict', `${name} was invited by somebody else and has not come in yet: invite them again, with what they are to be given`);
}
