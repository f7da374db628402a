/**
 * Containers that are alive and do not follow, and sites that are held back (DESIGN.md §4 and §5): somebody must hear of
 * them, though what is in service serves on. Nothing is done to a container for it. Pure; times are the database's, in ms.
 */
import type { Fault } from './diagnosis.ts';
import type { Waiting } from './observed.ts';

/** DESIGN.md §4: one that does not follow within 10 s gets an incident. Before that it works through a change. */
export const FOLLOWS_WITHIN_MS = 10_000;
/** A check that found nothing to compare with is asked again after two seconds: so many checks in a row are no chance. */
const UNKNOWN_CHECKS = 5;

/** A container that should run, site or edge. */
export interface StandingFact {
  readonly id: string;
  readonly incarnation: number;
  readonly role: 'site' | 'edge';
  readonly ready: boolean;
  readonly holds: boolean;
  /** Why it does not serve the newest state, in its own words. */
  readonly waitingOn: readonly Waiting[];
  /** How long ago the first change was made that it does not serve; null where it serves all. */
  readonly behindMs: number | null;
  /** Its last comparison with Postgres, while that one is recent. */
  readonly integrity: { readonly verdict: string; readonly reason: string | null; readonly forMs: number } | null;
}

/** A site whose newest state an incarnation that runs now could not take. */
export interface QuarantineFact {
  readonly container: string;
  readonly incarnation: number;
  readonly site: string;
  /** What serves instead; null where nothing does. */
  readonly servedRev: number | null;
  readonly reason: string;
  readonly forMs: number;
}

/** `id/incarnation on` → since when each look has seen it wait for that. */
export type StandstillMemory = ReadonlyMap<string, number>;

export interface Standstill {
  readonly memory: StandstillMemory;
  readonly faults: readonly Fault[];
  /** `subject cause` of all that is so now, though perhaps not for long enough: an incident of it is not over. */
  readonly going: ReadonlySet<string>;
}

export interface StandstillFacts {
  readonly now: number;
  readonly members: readonly StandingFact[];
  readonly quarantines: readonly QuarantineFact[];
  /** ms; how often files are compared. */
  readonly integrityEveryMs: number;
  /**
   * Since when this one has been seen to hold its lease, at each look without a gap: after a time without the platform's
   * database it must have had time to follow.
   */
  heldSince(of: StandingFact): number | null;
}

/** What stands still, after one more look. */
export function lookAtStandstill(before: StandstillMemory, facts: StandstillFacts): Standstill {
  const { now } = facts;
  const memory = new Map<string, number>();
  const going = new Set<string>();
  const faults: Fault[] = [];
  // Of one that is not heard of now nothing is known: it opens nothing, and closes nothing.
  const heard = facts.members.filter((each) => each.ready && each.holds);
  for (const member of heard) {
    const held = facts.heldSince(member);
    const since = (key: string) => Math.max(before.get(key) ?? now, held ?? now);
    const isLong = held !== null && now - held >= FOLLOWS_WITHIN_MS;
    const behind = member.behindMs !== null && member.behindMs >= FOLLOWS_WITHIN_MS;
    // A vassal that does not come up is found by its site's probes.
    const wait = member.waitingOn.find(({ on }) => on !== 'vassal');
    for (const { on } of member.waitingOn) {
      going.add(`container:${member.id} waits:${on}`);
      memory.set(`${member.id}/${member.incarnation} ${on}`, since(`${member.id}/${member.incarnation} ${on}`));
    }
    if (behind) going.add(`container:${member.id} behind`);
    const waits = wait && (behind || now - memory.get(`${member.id}/${member.incarnation} ${wait.on}`)! >= FOLLOWS_WITHIN_MS);
    if (isLong && waits) faults.push(ofContainer(member, `waits:${wait.on}`, 'critical', `does not follow, it waits for ${wait.on}: ${wait.message}`));
    else if (isLong && behind) faults.push(ofContainer(member, 'behind', 'warning', `has not followed for ${Math.floor(member.behindMs / 1_000)} s`));

    const { integrity } = member;
    // Not compared of late is not compared: only a comparison that came to something ends it.
    if (integrity === null || integrity.verdict === 'unknown') going.add(`container:${member.id} integrity-unknown`);
    // While a site is quarantined there, that is the reason, and is told already.
    const isTold = facts.quarantines.some(({ container }) => container === member.id);
    if (integrity?.verdict === 'unknown' && !isTold && integrity.forMs >= UNKNOWN_CHECKS * facts.integrityEveryMs) {
      faults.push(ofContainer(member, 'integrity-unknown', 'warning', `could not be compared with what it should be: ${integrity.reason ?? 'no reason is known'}`));
    }
  }
  const followed = heard.filter((each) => each.role === 'site' && (facts.heldSince(each) ?? now) <= now - FOLLOWS_WITHIN_MS).map(({ id }) => id);
  faults.push(...quarantined(facts, followed, going));
  return { memory, faults, going };
}

/**
 * On the site; where one of several containers alone could not take it, on that container. Which of the two is by the rows,
 * not by what is remembered: a judge that has just begun would close the one incident and open the other.
 */
function quarantined({ members, quarantines }: StandstillFacts, followed: readonly string[], going: Set<string>): Fault[] {
  const several = members.filter(({ role }) => role === 'site').length > 1;
  const bySite = Map.groupBy(quarantines, ({ site }) => site);
  return [...bySite].flatMap(([site, held]): Fault[] => {
    const alone = held.length === 1 && several;
    const { subject, cause } = alone ? { subject: `container:${held[0]!.container}`, cause: `quarantined:${site}` } : { subject: `site:${site}`, cause: 'quarantined' };
    going.add(`${subject} ${cause}`).add(`site:${site} quarantined`);
    if (!held.some(({ container, forMs }) => followed.includes(container) && forMs >= FOLLOWS_WITHIN_MS)) return [];
    const old = held.every(({ servedRev }) => servedRev !== null);
    return [{
      domain: 'standstill', subject, cause, severity: old ? 'warning' : 'critical', site,
      title: `the newest state of site ${site} was not taken${alone ? ` in container ${held[0]!.container} alone` : ''}, ${old ? 'its last good one serves on' : 'and nothing serves it'}: ${held[0]!.reason}`.slice(0, 500),
      sites: [site], seen: held.slice(0, 10).map(({ container, reason }) => `${container}: ${reason}`),
      ...(alone ? { container: held[0]!.container, incarnation: held[0]!.incarnation } : {}),
    }];
  });
}

function ofContainer({ id, incarnation, waitingOn }: StandingFact, cause: string, severity: Fault['severity'], words: string): Fault {
  return {
    domain: 'standstill', subject: `container:${id}`, cause, severity, title: `container ${id} ${words}`.slice(0, 500), container: id, incarnation,
    sites: [], seen: waitingOn.slice(0, 10).map(({ on, message }) => `${id} waits for ${on}: ${message}`),
  };
}
