import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

/** What a thing that one names in an address belongs to. */
export type Owned = 'site' | 'hostname' | 'run' | 'incident' | 'approval' | 'grant';

const SITE_OF: Readonly<Record<Owned, string>> = {
  site: 'select id as site from site where (id = $1 or name = $1) and deleted_at is null order by id <> $1 limit 1',
  hostname: 'select site from hostname where hostname = $1 and deleted_at is null',
  run: 'select site from run where id = $1',
  incident: 'select site from incident where id = $1',
  approval: `select case when subject like 'site:%' then substr(subject, 6) end as site from approval where id = $1`,
  grant: 'select site from "grant" where id = $1',
};

/**
 * The site that a thing is of; null for what is the platform's, undefined when there is no such thing.
 * @param named a site by its id or name, the others by what they are named by
 * @throws ReeveError `unavailable`
 */
export async function siteOf(db: Queryable, kind: Owned, named: string | number): Promise<string | null | undefined> {
  const { rows: [row] } = await translated(db.query<{ site: string | null }>({ name: `site-of-${kind}`, text: SITE_OF[kind], values: [named] }));
  return row?.site;
}
