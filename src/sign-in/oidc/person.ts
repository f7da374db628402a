/** Who somebody is here that is known elsewhere. */
import { type Queryable, transaction } from '../../database/pool.ts';
import { linkIdentity, userOfIdentity } from '../../database/sign-in/oidc.ts';
import { addMember, removeMember } from '../../database/teams.ts';
import { readForSignIn, readUser, type SignInRow, updateUser } from '../../database/users.ts';
import { writeAudit } from '../../database/write-audit.ts';
import { isReeveError, ReeveError } from '../../domain/errors.ts';
import type { ApiLog } from '../../api/log.ts';
import { actorOf, type Origin, type SignInDeps } from '../check.ts';
import type { Identity } from './identity.ts';

/**
 * The person who is that there: by issuer and subject; the first time by the e-mail that they were invited with.
 * @throws ReeveError `forbidden` when nobody here is
 */
export async function personOfIdentity(deps: SignInDeps & { readonly log: ApiLog }, identity: Identity, from: Origin): Promise<SignInRow> {
  const { issuer, subject, email } = identity;
  const person = await transaction(deps.pool, 'begin', async (db) => {
    const known = await userOfIdentity(db, issuer, subject);
    const found = await readForSignIn(db, known ?? email);
    if (!found) throw new ReeveError('forbidden', `nobody has invited ${email} here: ask an owner of this platform`);
    if (found.state === 'disabled') throw new ReeveError('forbidden', 'your account here is disabled: ask an owner of this platform');
    if (known === null) await link(db, found, identity, from);
    return found.state === 'invited' ? await activate(db, found, from) : found;
  });
  if (identity.teams !== null) await followGroups(deps, person, identity, from);
  return person;
}

async function link(db: Queryable, person: SignInRow, { issuer, subject }: Identity, from: Origin): Promise<void> {
  if (!(await linkIdentity(db, { user: person.id, issuer, subject }))) {
    throw new ReeveError('forbidden', `${person.email} signs in there as somebody else already: ask an owner of this platform`);
  }
  await writeAudit(db, { actor: actorOf(person, from), action: 'user.identity-linked', subject: `user:${person.id}`, after: { issuer, subject } });
}

/** Their invitation has done its work. */
async function activate(db: Queryable, person: SignInRow, from: Origin): Promise<SignInRow> {
  await updateUser(db, person.id, { state: 'active' }, actorOf(person, from));
  await db.query(`update one_time_link set used_at = clock_timestamp() where user_id = $1 and purpose = 'invitation' and used_at is null`, [person.id]);
  return { ...person, state: 'active' };
}

/** In exactly those of the mapped teams that their groups stand for. What cannot be done stops nobody from coming in. */
async function followGroups({ pool, log }: SignInDeps & { readonly log: ApiLog }, person: SignInRow, { teams, mapped }: Identity, from: Origin): Promise<void> {
  const now = new Set((await readUser(pool, person.id)).teams.map(({ name }) => name));
  for (const team of mapped) {
    const wanted = teams!.includes(team);
    if (wanted === now.has(team)) continue;
    try {
      if (wanted) await addMember(pool, team, person.id, actorOf(person, from));
      else await removeMember(pool, team, person.id, actorOf(person, from));
    } catch (error) {
      if (!isReeveError(error, 'not-found') && !isReeveError(error, 'conflict')) throw error;
      log.error('team not followed', { team, user: person.id, why: error.message });
    }
  }
}
