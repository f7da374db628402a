/**
 * When a lapsed lease counts as a lost container (DESIGN.md §6): only after the judge itself and most other members
 * have written normally for a full lease. A database that was away makes no one dead. Times are the database's.
 */
export const LEASE_MS = 15_000;
/** A judge that looked less often than this was away itself; it looks every few seconds. */
export const STEADY_GAP_MS = 8_000;

export interface LeaseFact {
  readonly id: string;
  readonly incarnation: number;
  /** Its lease has not lapsed now, by the database's clock. */
  readonly holds: boolean;
}

/** What the judge remembers between two looks; nothing of it is kept over its own restart. */
export interface LeaseMemory {
  readonly lookedAt: number | null;
  /** Since when it has looked without a gap. */
  readonly steadySince: number;
  /** `id/incarnation` → since when its lease was seen to hold, at each look. */
  readonly heldSince: ReadonlyMap<string, number>;
}

export const NO_MEMORY: LeaseMemory = { lookedAt: null, steadySince: 0, heldSince: new Map() };

/**
 * The memory after one more look, and the keys (`id/incarnation`) of those that are lost. `steady`: it has looked for so long
 * without a gap that who lives would have been heard of.
 */
export function lookAtLeases(
  before: LeaseMemory, now: number, facts: readonly LeaseFact[],
): { memory: LeaseMemory; lost: ReadonlySet<string>; steady: boolean } {
  const gap = before.lookedAt === null || now - before.lookedAt > STEADY_GAP_MS || now < before.lookedAt;
  const steadySince = gap ? now : before.steadySince;
  const heldSince = new Map<string, number>();
  for (const fact of facts) {
    if (fact.holds) heldSince.set(keyOf(fact), gap ? now : before.heldSince.get(keyOf(fact)) ?? now);
  }
  const lost = new Set<string>();
  // Twice: an agent may wait a full lease before it tries a database that was away again.
  const steady = now - steadySince >= 2 * LEASE_MS;
  if (steady) {
    for (const fact of facts.filter((each) => !each.holds)) {
      const others = facts.filter((each) => each.id !== fact.id);
      const writing = others.filter((each) => now - (heldSince.get(keyOf(each)) ?? now) >= LEASE_MS);
      if (writing.length * 2 > others.length) lost.add(keyOf(fact));
    }
  }
  return { memory: { lookedAt: now, steadySince, heldSince }, lost, steady };
}

export const keyOf = ({ id, incarnation }: { readonly id: string; readonly incarnation: number }) => `${id}/${incarnation}`;
