/** Attempts to sign in, counted in Postgres: the same whichever API is asked, and however many ask at once. */
import { createHash } from 'node:crypto';
import { BACK_OFF, type BackOff, remembered, waitFor } from '../../domain/back-off.ts';
import { ReeveError } from '../../domain/errors.ts';
import { translated } from '../errors.ts';
import { type Pool, type Queryable, transaction } from '../pool.ts';

export interface Counted {
  readonly kind: keyof typeof BACK_OFF;
  /** Whose, e.g. an address or an e-mail. */
  readonly of: string;
}

interface Row {
  readonly key: string;
  readonly failures: number;
  readonly at: Date;
  readonly now: Date;
}

/** Hashed, so that what a stranger types takes no more room than anything else, and is not kept. */
const keyOf = ({ kind, of }: Counted): string => `${kind}:${createHash('sha256').update(of).digest('base64url')}`;

/**
 * Count an attempt as failed before it is made, so that of a hundred at once no more are heard than of a hundred in a row.
 * Whoever has to wait is not counted: waiting does not make it longer.
 * @throws ReeveError `rate-limited`, with `retryAfter` in seconds
 */
export async function takeAttempt(pool: Pool, counted: readonly Counted[]): Promise<void> {
  const limits = new Map<string, BackOff>(counted.map((each) => [keyOf(each), BACK_OFF[each.kind]]));
  const keys = [...limits.keys()].sort();
  await transaction(pool, 'begin', async (client) => {
    await client.query(`insert into sign_in_attempt (key) select unnest($1::text[]) on conflict do nothing`, [keys]);
    const { rows } = await client.query<Row>(
      'select key, failures, at, clock_timestamp() as now from sign_in_attempt where key = any($1) order by key for update', [keys]);
    const seen = rows.map((row) => ({ ...row, limits: limits.get(row.key)!, past: { count: row.failures, lastAt: row.at.getTime() } }));
    const waits = seen.map(({ past, limits, now }) => waitFor(past, limits, now.getTime()));
    const seconds = Math.ceil(Math.max(0, ...waits) / 1_000);
    if (seconds > 0) {
      throw new ReeveError('rate-limited', `too many attempts: wait ${seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`}, then try again`,
        { retryAfter: seconds });
    }
    for (const { key, past, limits, now } of seen) {
      await client.query('update sign_in_attempt set failures = $2, at = $3 where key = $1', [key, remembered(past, limits, now.getTime()) + 1, now]);
    }
  });
}

/**
 * It was no failure after all: an account begins anew, and an address gets this one attempt back. An address of which all was
 * forgotten would be free for whoever has one account of their own.
 */
export async function forgiveAttempt(db: Queryable, counted: readonly Counted[]): Promise<void> {
  for (const each of counted) {
    const change = each.kind === 'address' || each.kind === 'elsewhere' ? 'greatest(failures - 1, 0)' : '0';
    await translated(db.query(`update sign_in_attempt set failures = ${change} where key = $1`, [keyOf(each)]));
  }
}
