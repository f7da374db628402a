import { translated } from './errors.ts';
import type { Queryable } from './pool.ts';

/** Tell whoever watches that something was observed. Identities and counts only: it is broadcast. */
export async function addNotice(db: Queryable, type: string, metadata: Readonly<Record<string, unknown>>): Promise<void> {
  await translated(db.query('insert into notice (type, metadata) values ($1, $2)', [type, JSON.stringify(metadata)]));
  await translated(db.query("select pg_notify('reeve_notice', $1)", [JSON.stringify({ type, ...metadata })]));
}
