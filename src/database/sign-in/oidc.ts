/** Signing in elsewhere: what is under way, and who is who. */
import { createHash } from 'node:crypto';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

export interface OidcSignIn {
  readonly state: string;
  /** A secret of the browser's cookie. */
  readonly browser: string;
  readonly verifier: string;
  readonly nonce: string;
  /** Where to go afterwards. */
  readonly next: string;
}

export async function beginOidc(db: Queryable, { state, browser, verifier, nonce, next }: OidcSignIn): Promise<void> {
  await translated(db.query(
    `insert into oidc_sign_in (state, browser, verifier, nonce, next, ends_at) values ($1, $2, $3, $4, $5, clock_timestamp() + interval '10 minutes')`,
    [hashOf(state), hashOf(browser), verifier, nonce, next]));
}

/** Once: the row is gone afterwards, whatever becomes of it. Null for a state that is not ours, of another browser, used, or late. */
export async function takeOidc(db: Queryable, state: string, browser: string): Promise<Omit<OidcSignIn, 'state' | 'browser'> | null> {
  const { rows: [row] } = await translated(db.query<{ verifier: string; nonce: string; next: string; theirs: boolean; late: boolean }>(
    `delete from oidc_sign_in where state = $1
     returning verifier, nonce, next, browser = $2 as theirs, ends_at <= clock_timestamp() as late`, [hashOf(state), hashOf(browser)]));
  return row?.theirs && !row.late ? { verifier: row.verifier, nonce: row.nonce, next: row.next } : null;
}

/** The user who is that there; null when nobody is. */
export async function userOfIdentity(db: Queryable, issuer: string, subject: string): Promise<string | null> {
  const { rows: [row] } = await translated(db.query<{ user_id: string }>('select user_id from oidc_identity where issuer = $1 and subject = $2', [issuer, subject]));
  return row?.user_id ?? null;
}

/** Whether it is theirs now: not when they are somebody else there already. */
export async function linkIdentity(db: Queryable, { user, issuer, subject }: { user: string; issuer: string; subject: string }): Promise<boolean> {
  const { rowCount } = await translated(db.query(
    'insert into oidc_identity (issuer, subject, user_id) values ($1, $2, $3) on conflict do nothing', [issuer, subject, user]));
  return rowCount === 1;
}

export async function identitiesOf(db: Queryable, user: string): Promise<{ issuer: string; at: Date }[]> {
  return (await translated(db.query<{ issuer: string; at: Date }>('select issuer, at from oidc_identity where user_id = $1 order by issuer', [user]))).rows;
}
