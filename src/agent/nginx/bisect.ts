/**
 * Which of the changed sites nginx refuses, in few tests: halves that pass are kept, halves that fail are split. None
 * when it refuses even the configuration without them: then no site is to blame.
 * @param test whether nginx takes the configuration with the new version of these sites alone
 */
export async function findBad<Id>(candidates: readonly Id[], test: (subset: readonly Id[]) => Promise<boolean>): Promise<Id[]> {
  if (candidates.length === 0 || !(await test([]))) return [];
  return await split(candidates, test);
}

async function split<Id>(candidates: readonly Id[], test: (subset: readonly Id[]) => Promise<boolean>): Promise<Id[]> {
  if (await test(candidates)) return [];
  if (candidates.length === 1) return [...candidates];
  const middle = candidates.length >> 1;
  return [...(await split(candidates.slice(0, middle), test)), ...(await split(candidates.slice(middle), test))];
}

/** Law 6 and DESIGN §5: one bad site is quarantined alone; when this many fail at once, something else is wrong. */
export function isTooMany(failed: number, sites: number): boolean {
  return failed > 1 && failed > sites * 0.05;
}
