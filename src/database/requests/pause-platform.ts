import { translated } from '../errors.ts';
import { within } from '../pool.ts';
import { writeAudit } from '../write-audit.ts';
import type { Asking } from './asking.ts';

/**
 * Stop Reeve from doing anything about incidents by itself, or let it again; kept over restarts. Serving, probing and
 * what people ask for go on. Twice is once.
 */
export async function pausePlatform({ db, actor }: Pick<Asking, 'db' | 'actor'>, paused: boolean, reason?: string): Promise<void> {
  await translated(within(db, async (db) => {
    // No change of desired state: containers have nothing to follow, so no generation rises.
    const { rowCount } = await db.query('update platform set paused = $1 where paused <> $1', [paused]);
    if (!rowCount) return;
    const type = paused ? 'platform.paused' : 'platform.resumed';
    await writeAudit(db, { actor, action: type, subject: 'platform', before: { paused: !paused }, after: { paused }, ...(reason ? { reason } : {}) });
    await db.query('insert into notice (type, metadata) values ($1, $2)', [type, JSON.stringify({ by: actor.name })]);
    await db.query(`select pg_notify('reeve_notice', $1)`, [JSON.stringify({ type })]);
  }));
}
