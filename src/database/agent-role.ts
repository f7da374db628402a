import { PROBE_COLUMN_TYPES } from './health/columns.ts';
import { bringLoginRole } from './login-role.ts';
import type { Pool } from './pool.ts';

const VIEWS = ['desired_v1_platform', 'desired_v1_site', 'desired_v1_hostname', 'desired_v1_release',
  'desired_v1_database_server', 'member_v1', 'latest_probe_v1'];
const FUNCTIONS = ['join_container(text, integer, jsonb)', 'observe_container(text, integer, jsonb)',
  `store_sweep(text, integer, jsonb, bytea, text[], ${PROBE_COLUMN_TYPES.join(', ')})`];

/**
 * The role that agents log in with: reads the views of desired state, and writes observations through a few functions,
 * nothing else (docs/decisions/agents-role.md: what that keeps apart, and what not). Idempotent; the password is set each
 * time, so that it follows the master key.
 */
export async function grantAgentRole(pool: Pool, role: string, password: string): Promise<void> {
  const name = await bringLoginRole(pool, role, password);
  // Everyone may make temporary tables unless told otherwise, and those are a way into what runs as the owner. Here and in
  // no migration: a database that was cloned or restored has its own default again.
  const { rows } = await pool.query<{ database: string }>('select quote_ident(current_database()) as database');
  await pool.query(`revoke temporary on database ${rows[0]!.database} from public`);
  await pool.query(`grant select on ${VIEWS.join(', ')} to ${name}`);
  for (const fn of FUNCTIONS) {
    await pool.query(`revoke execute on function ${fn} from public`);
    await pool.query(`grant execute on function ${fn} to ${name}`);
  }
}
