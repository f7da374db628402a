/**
 * The audit's hash chain: each sealed row's hash is SHA-256 over the hash before it and the row itself. Whoever changes
 * or removes a sealed row has to change every hash after it. Sealing is not part of a change, which would make all
 * changes wait for each other's hashes.
 */
import { createHash } from 'node:crypto';
import { ReeveError } from '../../domain/errors.ts';
import { translated } from '../errors.ts';
import { type Pool, type Queryable, transaction } from '../pool.ts';

const BATCH = 5_000;
const GENESIS = Buffer.alloc(32);

const chained = (before: Buffer, row: string) => createHash('sha256').update(before).update(row).digest();

/**
 * Seal what is not sealed yet, in the order of ids.
 * @returns how many rows were sealed; 0 when another one is at it
 */
export async function sealAudit(pool: Pool): Promise<number> {
  const { rowCount } = await translated(pool.query('select 1 from audit where hash is null limit 1'));
  if (!rowCount) return 0;
  const { rows } = await translated(pool.query<{ sealed: number }>('select seal_audit($1) as sealed', [BATCH]));
  return rows[0]!.sealed;
}

export interface AuditVerdict {
  /** The chain fits, and the head that was kept is in it. */
  readonly intact: boolean;
  readonly sealed: number;
  /** Newer than the last seal: not covered yet. */
  readonly unsealed: number;
  /** The first row that does not fit the chain. */
  readonly brokenAt: number | null;
  /** Of the newest sealed row, as `<id>:<hash>` in hexadecimal: kept elsewhere, it also shows that rows were cut off the end. */
  readonly head: string | null;
  /** Whether the head that was kept is where it was; null when none was given. */
  readonly kept: boolean | null;
}

/** A head that was kept elsewhere; without the id, as it was shown once, it is looked for at every row. */
export interface KeptHead {
  readonly id?: number | undefined;
  readonly hash: string;
}

/** Any fixed number: two who compute at once would take the database's time from everyone else. */
const VERIFYING = 7_331_021;

/**
 * Compute the whole chain again, one at a time on the platform, in one snapshot: with a snapshot a batch, rows that were
 * written and sealed between two of them looked as if put behind unsealed ones by hand.
 * @throws ReeveError `busy` while another one computes it, `unavailable`
 */
export async function verifyAudit(pool: Pool, kept?: KeptHead): Promise<AuditVerdict> {
  return await transaction(pool, 'begin isolation level repeatable read read only', async (client) => {
    const { rows: [lock] } = await client.query<{ free: boolean }>('select pg_try_advisory_xact_lock($1) as free', [VERIFYING]);
    if (!lock!.free) throw new ReeveError('busy', 'the chain is being computed already: ask again in a moment');
    return await compute(client, kept);
  });
}

async function compute(db: Queryable, kept: KeptHead | undefined): Promise<AuditVerdict> {
  let hash = GENESIS;
  let last = 0;
  let found = false;
  let [sealed, unsealed, after] = [0, 0, 0];
  for (;;) {
    const { rows } = await db.query<{ id: number; row: string; hash: Buffer | null }>(
      'select id, canonical_audit(a) as row, hash from audit a where id > $1 order by id limit $2', [after, BATCH]);
    for (const each of rows) {
      after = each.id;
      if (each.hash === null) {
        unsealed += 1;
        continue;
      }
      hash = chained(hash, each.row);
      // A sealed row behind an unsealed one was put there by hand.
      if (unsealed > 0 || !hash.equals(each.hash)) return { intact: false, sealed, unsealed, brokenAt: each.id, head: null, kept: null };
      if (kept && (kept.id === undefined || kept.id === each.id)) found ||= kept.hash === hash.toString('hex');
      sealed += 1;
      last = each.id;
    }
    if (rows.length < BATCH) break;
  }
  const head = sealed > 0 ? `${last}:${hash.toString('hex')}` : null;
  return { intact: !kept || found, sealed, unsealed, brokenAt: null, head, kept: kept ? found : null };
}
