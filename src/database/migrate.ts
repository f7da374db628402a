import { readdir, readFile } from 'node:fs/promises';
import { type Pool, transaction } from './pool.ts';

const DIRECTORY = new URL('./migrations/', import.meta.url);
// Any fixed number: two migrators never run at once.
const LOCK = 7_331_001;

/**
 * Bring the platform's database to this version: each file of `migrations/` once, in order, each in a transaction.
 * @returns the names of those applied now
 * @throws when one fails; those before it stay, and it leaves nothing
 */
export async function migrate(pool: Pool): Promise<string[]> {
  const names = (await readdir(DIRECTORY)).filter((name) => name.endsWith('.sql')).sort();
  return await transaction(pool, 'begin', async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await client.query('create table if not exists migration (name text primary key, at timestamptz default now())');
    const { rows } = await client.query<{ name: string }>('select name from migration');
    const done = new Set(rows.map((row) => row.name));
    const applied: string[] = [];
    for (const name of names) {
      if (done.has(name)) continue;
      await client.query(await readFile(new URL(name, DIRECTORY), 'utf8'));
      await client.query('insert into migration (name) values ($1)', [name]);
      applied.push(name);
    }
    return applied;
  });
}
