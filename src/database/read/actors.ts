import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

/**
 * Whom people mean by a text: an id, an e-mail or a name, in any case. Who was removed is found by the e-mail and name
 * that they came with. Answered as ids, by which the audit has an index, and which stay what they are when somebody is
 * renamed. The text itself is always one: whoever is no person (a workflow, the judge) is known by it alone.
 */
export async function actorsNamed(db: Queryable, text: string): Promise<readonly string[]> {
  const { rows } = await translated(db.query<{ id: string }>(
    `select id from app_user where email = lower($1) or lower(name) = lower($1)
     union select id from token where lower(name) = lower($1)
     union select substr(subject, 6) from audit where action = 'user.created' and (after ->> 'email' = lower($1) or lower(after ->> 'name') = lower($1))`, [text]));
  return [text, ...rows.map(({ id }) => id)];
}
