import { hkdfSync } from 'node:crypto';
import pg from 'pg';
import type { Pool } from './pool.ts';

/** A role's password, which follows the master key. @param of which role, e.g. `agent` */
export const rolePassword = (masterKey: Buffer, of: 'agent' | 'app'): string =>
  Buffer.from(hkdfSync('sha256', masterKey, '', `reeve ${of} database role`, 24)).toString('hex');

/** Make a role that can log in, if there is none, and set its password. @returns its name as SQL takes it */
export async function bringLoginRole(pool: Pool, role: string, password: string): Promise<string> {
  const name = pg.escapeIdentifier(role);
  const { rowCount } = await pool.query('select 1 from pg_roles where rolname = $1', [role]);
  if (!rowCount) {
    // Made by another one meanwhile: as well.
    await pool.query(`create role ${name} login`).catch((error: { code?: string }) => {
      if (error.code !== '42710' && error.code !== '23505') throw error;
    });
  }
  await pool.query(`alter role ${name} login password ${pg.escapeLiteral(password)}`);
  return name;
}
