import { bringLoginRole } from './login-role.ts';
import type { Pool } from './pool.ts';

/** The role of the API and the control worker. The migrations' role owns everything, and is used at set-up only. */
export const APP_ROLE = 'reeve_app';

/**
 * The role may read and write every table, but of the audit it may only read and add: it owns nothing, so it can neither
 * change what was written, nor take away the triggers that keep it. Chains are sealed, and partitions made and dropped,
 * by functions that run as their owner. Idempotent, and run after each migration: new tables are the role's too.
 */
export async function grantAppRole(pool: Pool, role: string, password: string): Promise<void> {
  const name = await bringLoginRole(pool, role, password);
  // At once, as one transaction: an API that runs meanwhile never has more than this.
  await pool.query(`
    grant select, insert, update, delete on all tables in schema public to ${name};
    revoke update, delete on audit from ${name};
    revoke insert, update, delete on migration from ${name};
    grant usage on all sequences in schema public to ${name};
    grant execute on all functions in schema public to ${name}`);
}
