/** Members and edges that say nothing any more, or do not become ready: faults that no probe is asked about. Pure. */
import type { Evidence, Fault } from './diagnosis.ts';

/**
 * A member boots, reads all state and starts its vassals. So long a run waits for one that it launches, and so long the judge
 * for any: what takes longer has a fault that waiting does not mend.
 */
export const READY_WITHIN_MS = 180_000;

/**
 * A member that should serve. `lost`: its lease has lapsed, and the lapse counts (src/domain/lease.ts). `not-ready`: it has
 * been starting for too long, or was ended from outside, and no run waits for it.
 */
export interface MemberFact {
  readonly id: string;
  readonly incarnation: number;
  readonly liveness: 'alive' | 'lost' | 'not-ready' | 'unknown';
  /** What it says of itself, or is known of it, while it is not ready. */
  readonly said?: readonly string[];
}

const LAPSED = 'says nothing any more: its lease has lapsed';
const NOT_READY = `has not been ready for ${READY_WITHIN_MS / 60_000} minutes`;

/** That it does not serve at all; null where that is not known of it. */
export function goneFault(member: MemberFact): Fault | null {
  if (member.liveness === 'lost') return containerFault(member, 'lease-lapsed', LAPSED, [], []);
  return member.liveness === 'not-ready' ? containerFault(member, 'not-ready', NOT_READY, [], member.said ?? []) : null;
}

/** Somebody must look: an edge has its address, and a second one could not take it. */
export function edgeFault({ id, incarnation, liveness, said }: MemberFact): Fault[] {
  if (liveness !== 'lost' && liveness !== 'not-ready') return [];
  return [{
    domain: 'edge', subject: `container:${id}`, cause: liveness === 'lost' ? 'edge-lost' : 'not-ready', severity: 'critical',
    title: `edge ${id} ${liveness === 'lost' ? LAPSED : NOT_READY}`, container: id, incarnation, sites: [], seen: said ?? [],
  }];
}

/** Nobody can tell most members that are dead from a cut, so none is lost by that; that most are silent is certain. */
export function silence({ members, steady }: Pick<Evidence, 'members' | 'steady'>): string | null {
  const silent = members.filter(({ liveness }) => liveness === 'lost' || liveness === 'unknown').length;
  const doubted = members.some(({ liveness }) => liveness === 'unknown');
  return steady && doubted && silent * 2 > members.length ? `${silent} of ${members.length} containers` : null;
}

export function membersSilent(silent: string, members: readonly MemberFact[]): Fault {
  return {
    domain: 'platform', subject: 'platform', cause: 'members-silent', severity: 'critical',
    title: `${silent} say nothing any more: they are down, or cut off`, sites: [],
    seen: members.filter(({ liveness }) => liveness !== 'alive').slice(0, 10).map(({ id }) => `${id}: its lease has lapsed`),
  };
}

export function containerFault(member: MemberFact, cause: string, words: string, sites: readonly string[], seen: readonly string[]): Fault {
  return {
    domain: 'container', subject: `container:${member.id}`, cause, severity: 'critical', title: `container ${member.id} ${words}`,
    container: member.id, incarnation: member.incarnation, sites: sites.slice(0, 20), seen,
  };
}
