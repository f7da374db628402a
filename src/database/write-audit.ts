import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import type { Queryable } from './pool.ts';

/** An audit row for what is not a change of desired state: signing in to a site, running a command there, a token. */
export async function writeAudit(db: Queryable, entry: {
  actor: Actor; action: string; subject: string; before?: unknown; after?: unknown; reason?: string; run?: string;
}): Promise<void> {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  await translated(db.query(
    'insert into audit (actor, action, subject, before, after, reason, run) values ($1, $2, $3, $4, $5, $6, $7)',
    [JSON.stringify(entry.actor), entry.action, entry.subject, json(entry.before), json(entry.after), entry.reason ?? null, entry.run ?? null]));
}
