/** Codes that a person used, or may use once. What makes their app's codes is with the person (src/database/users.ts). */
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

/** Whether the code of that half minute was not used before, nor a later one. It is now. */
export async function useTotpStep(db: Queryable, user: string, step: number): Promise<boolean> {
  const { rowCount } = await translated(db.query(
    `insert into totp_use as u (user_id, step) values ($1, $2)
     on conflict (user_id) do update set step = excluded.step where u.step < excluded.step`, [user, step]));
  return rowCount === 1;
}

/** These instead of those before; none when the app's codes are gone too. */
export async function storeRecoveryCodes(db: Queryable, user: string, hashes: readonly Buffer[]): Promise<void> {
  await translated(db.query('delete from recovery_code where user_id = $1', [user]));
  await translated(db.query('insert into recovery_code (user_id, hash) select $1, unnest($2::bytea[])', [user, hashes]));
}

/** Whether it was one of theirs; it is gone now. */
export async function useRecoveryCode(db: Queryable, user: string, hash: Buffer): Promise<boolean> {
  const { rowCount } = await translated(db.query('delete from recovery_code where user_id = $1 and hash = $2', [user, hash]));
  return rowCount === 1;
}

export async function countRecoveryCodes(db: Queryable, user: string): Promise<number> {
  const { rows: [row] } = await translated(db.query<{ left: number }>('select count(*)::int as left from recovery_code where user_id = $1', [user]));
  return row!.left;
}
