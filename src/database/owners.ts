/** The platform always has an owner, or nobody could ever make another one. */
import { ReeveError } from '../domain/errors.ts';
import { translated } from './errors.ts';
import { type Queryable, within } from './pool.ts';

/** Any fixed number: what could take away an owner goes one after the other. */
const OWNERS = 7_331_011;

interface Owners {
  readonly people: number;
  readonly tokens: number;
}

/** Who owns the platform without an end: active people, also through teams; and the platform's own tokens. */
const COUNT = `select
  (select count(distinct u.id)::int from app_user u join "grant" g
     on g.user_id = u.id or g.team_id in (select m.team_id from team_member m where m.user_id = u.id)
   where u.state = 'active' and g.role = 'owner' and g.site is null and g.ends_at is null) as people,
  (select count(*)::int from token where user_id is null and role = 'owner' and sites is null and actions is null
     and revoked_at is null and expires_at is null) as tokens`;

/**
 * Do what might take away an owner, and undo it if it took the last: a person, or a token as long as no person is one.
 * @throws ReeveError `conflict`, and the work's own
 */
export async function keepingAnOwner<T>(db: Queryable, work: (db: Queryable) => Promise<T>): Promise<T> {
  return await within(db, async (db) => {
    await translated(db.query('select pg_advisory_xact_lock($1)', [OWNERS]));
    const count = async () => (await translated(db.query<Owners>(COUNT))).rows[0]!;
    const before = await count();
    const done = await work(db);
    const after = await count();
    if (before.people > 0 && after.people === 0) {
      throw new ReeveError('conflict', 'this is the platform’s last owner: make somebody else one first, without an end');
    }
    if (before.people === 0 && before.tokens > 0 && after.people + after.tokens === 0) {
      throw new ReeveError('conflict', 'this is the last owner’s token: make another one first, or an owner who can sign in');
    }
    return done;
  });
}

/** Whether somebody else than that person could decide as an owner would: people who are active, and the platform's own tokens. */
export async function countOwners(db: Queryable): Promise<Owners> {
  return (await translated(db.query<Owners>(COUNT))).rows[0]!;
}
