/** Whether migrations have run in a site's database between two looks at it. */
import type { Queryable, SitesServer } from './server.ts';

/** All that a migration changes of tables, and what else belongs to the site: none of it is rows. */
const PARTS = [
  `select 'table ' || c.oid::regclass || ' ' || c.relkind::text || ' ' || coalesce(pg_get_viewdef(c.oid), '') from pg_class c
     where c.relnamespace = any($1) and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')`,
  `select 'column ' || a.attrelid::regclass || ' ' || a.attnum || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || ' ' || a.attnotnull || ' ' || a.attidentity::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
     from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where c.relnamespace = any($1) and c.relkind in ('r', 'p', 'm') and a.attnum > 0 and not a.attisdropped`,
  `select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where connamespace = any($1)`,
  `select 'index ' || pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = any($1)`,
  `select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = any($1) and not t.tgisinternal`,
  `select 'routine ' || oid::regprocedure || ' ' || md5(prosrc) from pg_proc where pronamespace = any($1)`,
  `select 'enum ' || enumtypid::regtype || ' ' || enumsortorder || ' ' || enumlabel from pg_enum`,
  `select 'extension ' || extname || ' ' || extversion from pg_extension`,
];

/** Whoever holds it longer means that nobody can tell. */
const LOCK_WITHIN = '5s';

/**
 * A digest of the schema and of the list that Django keeps of the migrations it has run: equal ones mean that none ran in
 * between, also none that only moves data. What rows say besides is not in it.
 * @param database of a site, open
 * @returns 32 hexadecimal digits; null when the site's own locks keep it from being told
 */
export async function schemaDigest(server: SitesServer, database: string): Promise<string | null> {
  return await server.inside(database, async (client) => {
    await client.query(`begin isolation level repeatable read read only; set local lock_timeout = '${LOCK_WITHIN}'`);
    try {
      const parts = [...PARTS, ...(await keepsMigrations(client) ? [`select 'migration ' || app || ' ' || name from only public.django_migrations`] : [])];
      const { rows: [digest] } = await client.query<{ digest: string }>(
        `select md5(coalesce(string_agg(line, E'\\n' order by line collate "C"), '')) as digest
           from (${parts.join(' union all ')}) as found (line)`.replaceAll('any($1)', SCHEMAS));
      return digest!.digest;
    } catch (error) {
      // lock_not_available
      if ((error as { code?: string }).code === '55P03') return null;
      throw error;
    }
  });
}

const SCHEMAS = `any(array(select oid from pg_namespace where nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_(toast|temp)'))`;

/**
 * Whether Django's list is there, as Django makes it. This runs as a superuser in a database whose owner is not to be
 * trusted: a view or a column with a cast of its own would run the owner's code as one. Locked first, so that it stays
 * what it was looked at as.
 */
async function keepsMigrations(client: Queryable): Promise<boolean> {
  const { rows: [there] } = await client.query(`select to_regclass('public.django_migrations') is not null as yes`);
  if (!there.yes) return false;
  await client.query('lock table only public.django_migrations in access share mode');
  const { rows } = await client.query(
    `select 1 from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname in ('app', 'name')
       and a.atttypid in ('text'::regtype, 'varchar'::regtype) and a.attgenerated = ''
     where c.oid = to_regclass('public.django_migrations') and c.relkind = 'r'`);
  return rows.length === 2;
}
