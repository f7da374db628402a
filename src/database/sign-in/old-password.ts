/** What a password gave, and takes with it when it changes: whoever knew the old one is out. */
import type { Actor } from '../change.ts';
import { translated } from '../errors.ts';
import { type Queryable, within } from '../pool.ts';
import { endSessionsOf } from '../sessions.ts';
import { writeAudit } from '../write-audit.ts';

/**
 * End a person's sessions but one, the tokens that signing in gave, command lines that were let in and have not come for
 * theirs, and links to set another password. Tokens that were made as such stay: what runs by them knows no password.
 * @param except the session that goes on
 */
export async function endOldPassword(db: Queryable, user: string, actor: Actor, except?: string): Promise<void> {
  await within(db, async (db) => {
    await endSessionsOf(db, user, actor, except);
    // Before the tokens: one that is being taken at this moment is waited for, and its token is among those that end.
    await translated(db.query('delete from device_sign_in where user_id = $1', [user]));
    const { rows } = await translated(db.query<{ id: string; name: string; role: string }>(
      `update token set revoked_at = clock_timestamp() where user_id = $1 and origin = 'sign-in' and revoked_at is null returning id, name, role`, [user]));
    for (const { id, ...before } of rows) await writeAudit(db, { actor, action: 'token.revoked', subject: `token:${id}`, before, reason: 'the password has changed' });
    await translated(db.query(`delete from one_time_link where user_id = $1 and purpose = 'reset' and used_at is null`, [user]));
  });
}
