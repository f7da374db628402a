import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

/** Whether anybody was ever made here. Until then, the platform's first token is its owner. */
export async function hasPeople(db: Queryable): Promise<boolean> {
  const { rowCount } = await translated(db.query('select 1 from app_user limit 1'));
  return rowCount === 1;
}
