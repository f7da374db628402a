import { randomBytes } from 'node:crypto';
import type { ClusterDriver } from '../../cluster/driver.ts';
import { insertContainer } from '../../cluster/rows.ts';
import type { Pool } from '../../database/pool.ts';
import { makeId } from '../../domain/id.ts';

export interface LocalContainer {
  readonly id: string;
  readonly slot: string;
  readonly role: 'site' | 'edge';
}

/** On a first start, unless a person says another number. */
const FIRST_CONTAINERS = 2;

/**
 * Which containers a start has running: those that the platform knows and wants running, added ones too; an edge; and as
 * many for sites as a person asks for. More than asked for stay: people or the platform's own scaling added them, and a
 * number on a command line is a poor reason to end what serves visitors.
 *
 * @param wanted those that are wanted running
 * @param taken  slots of all that ever were: a slot is one container's for ever
 * @param asked  `--containers`; undefined when nothing was said
 */
export function containersToRun(
  wanted: readonly LocalContainer[], taken: ReadonlySet<string>, asked: number | undefined, newId: () => string,
): LocalContainer[] {
  const all = [...wanted];
  const add = (role: LocalContainer['role'], slot: string) => {
    const id = newId();
    all.push({ id, slot: taken.has(slot) ? id : slot, role });
  };
  if (!wanted.some(({ role }) => role === 'edge')) add('edge', 'edge');
  const there = wanted.filter(({ role }) => role === 'site').length;
  const count = asked ?? (there > 0 ? there : FIRST_CONTAINERS);
  for (let n = there + 1; n <= count; n += 1) add('site', `local-${n}`);
  return all;
}

/**
 * Have them running.
 * @returns how many serve sites, and what a person who asked for fewer should know
 */
export async function launchContainers(pool: Pool, driver: ClusterDriver, asked: number | undefined): Promise<{ count: number; notes: string[] }> {
  const { rows } = await pool.query<LocalContainer & { wanted: string }>('select id, slot, role, wanted from container order by role, slot');
  const all = containersToRun(
    rows.filter(({ wanted }) => wanted === 'running'), new Set(rows.map(({ slot }) => slot)), asked, () => makeId('c', randomBytes(9)));
  await Promise.all(all.map(async ({ id, slot, role }) => {
    await insertContainer(pool, { id, slot, role });
    await driver.launch({ id, role }, slot);
  }));
  const count = all.filter(({ role }) => role === 'site').length;
  const fewer = asked !== undefined && asked < count;
  return { count, notes: fewer ? [`${count} containers run, more than the ${asked} asked for; to end one: npx reeve container drain <container>`] : [] };
}
