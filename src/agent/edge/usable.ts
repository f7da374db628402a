/** Which members the edge sends visitors to. Pure. */
import type { Member } from '../../domain/desired.ts';

/** What the edge's own check found: how many failures in a row; 0 after a success. */
export type Checks = ReadonlyMap<string, number>;

/** So many failures in a row take a member out; one success brings it back. */
export const FAILURES = 2;

export const keyOf = ({ id, incarnation, address, port }: Member) => `${id}/${incarnation}/${address}:${port}`;

/**
 * The members that answer. When none does, all stay: an edge that reaches nobody learns nothing of them (law 3), and
 * nginx asks each anyhow.
 */
export function usableMembers(members: readonly Member[], checks: Checks): Member[] {
  const usable = members.filter((member) => (checks.get(keyOf(member)) ?? 0) < FAILURES);
  return usable.length > 0 ? usable : [...members];
}

/** The checks after one more round; members that are gone are forgotten. */
export function noted(members: readonly Member[], checks: Checks, answered: ReadonlySet<string>): Map<string, number> {
  return new Map(members.map((member) => {
    const key = keyOf(member);
    return [key, answered.has(key) ? 0 : (checks.get(key) ?? 0) + 1];
  }));
}
