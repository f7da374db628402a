/** Whether an edge is as desired state and the members mean it: compared as a container is, by its own open word. Pure. */
import type { Member } from './desired.ts';
import type { Description } from './drift.ts';

/** An edge's own word: digests, ids and addresses. It holds nothing secret, and so it is small and whole. */
export interface EdgeDescription extends Description {
  /** Path and digest of each file. */
  readonly manifest: readonly (readonly [path: string, digest: string])[];
  /** Those that the configuration in service sends visitors to. */
  readonly members: readonly Member[];
}

/**
 * Members that an edge sends visitors to, and who are none by what Postgres says now. That an edge leaves one out says
 * nothing: its own check decides that.
 */
export function strangersOf(described: Pick<EdgeDescription, 'members'>, members: readonly Member[]): Member[] {
  return described.members.filter((one) => !members.some((each) =>
    each.id === one.id && each.incarnation === one.incarnation && each.address === one.address && each.port === one.port));
}
