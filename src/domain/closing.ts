/** When what an incident says is over. Pure. What is not known is no reason to close anything. */
import type { Diagnosis } from './diagnosis.ts';
import type { Standstill } from './standstill.ts';
import { siteOfSubject } from './subject.ts';

/** What src/domain/standstill.ts opens. */
const STANDSTILL_CAUSES: readonly string[] = ['waits', 'behind', 'quarantined', 'integrity-unknown'];
/** The causes of incidents that diagnosis opens, and so may close; others have owners of their own. */
export const DIAGNOSED_CAUSES: readonly string[] = [
  'lease-lapsed', 'sites-down', 'site-down', 'down-everywhere', 'silent', 'connections-used-up', 'breaker', 'members-silent', 'edge-lost',
  'not-ready', ...STANDSTILL_CAUSES,
];
/** What src/integrity/incident.ts opens, and closes by a check: of a container that is gone there is none any more. */
export const CHECKED_CAUSES: readonly string[] = ['drift'];

export interface ClosingFacts {
  readonly diagnosis: Diagnosis;
  readonly standstill: Pick<Standstill, 'going'>;
  /** Subjects that are not there any more: ended containers, deleted sites, unbound hostnames. */
  readonly gone: ReadonlySet<string>;
  /** Subjects of containers that are ready and whose lease holds. */
  readonly alive: ReadonlySet<string>;
  /** No member that should serve is lost, in doubt, or only starting. */
  readonly allAlive: boolean;
  /** None of them is in doubt, or only starting: one that is lost, or late, is at fault for certain, and counted so. */
  readonly allCertain: boolean;
  /** Some are alive, and of each of these some verdict is known now: that fewer fail is seen, not missing. */
  readonly allKnown: boolean;
  /** At least half of them are alive. */
  readonly mostAlive: boolean;
}

/** Why it may be closed now; null when it goes on, or nobody can say. */
export function closingReason({ subject, cause }: { readonly subject: string; readonly cause: string }, facts: ClosingFacts): string | null {
  const { diagnosis, gone, alive, allAlive } = facts;
  if (diagnosis.faults.some((fault) => fault.subject === subject && fault.cause === cause)) return null;
  if (gone.has(subject)) return `${subject.split(':')[0]} is gone`;
  if (CHECKED_CAUSES.includes(cause)) return null;
  if (STANDSTILL_CAUSES.includes(cause.split(':')[0]!)) {
    if (facts.standstill.going.has(`${subject} ${cause}`)) return null;
    const alone = cause.startsWith('quarantined:') ? cause.slice('quarantined:'.length) : null;
    if (alone !== null && facts.standstill.going.has(`site:${alone} quarantined`)) return 'it is held back elsewhere too';
    // Of one that is not heard of nobody knows: a container that starts again has no quarantine either, until it has tried.
    if (cause.startsWith('quarantined')) return (alone === null ? allAlive : alive.has(subject)) ? 'its newest state is taken' : null;
    return !alive.has(subject) ? null : cause === 'integrity-unknown' ? 'it could be compared' : 'it follows again';
  }
  if (cause === 'lease-lapsed' || cause === 'edge-lost') return alive.has(subject) ? 'its lease holds again' : null;
  if (cause === 'not-ready') return alive.has(subject) ? 'it is ready' : null;
  if (cause === 'members-silent') return facts.mostAlive ? 'most containers are heard of again' : null;
  if (cause === 'breaker') return diagnosis.breaker === null && facts.allCertain && facts.allKnown ? 'fewer things fail at once' : null;
  const server = diagnosis.explained.get(siteOf(subject, cause) ?? '');
  if (server !== undefined) return `its database server ${server} is what is at fault`;
  // While the breaker stands for many faults, none of them is over because it is not named.
  if (diagnosis.faults.some((fault) => fault.domain === 'platform')) return null;
  return diagnosis.known.has(subject) ? 'well again' : null;
}

/** The one site that an incident is about; null when it is about more, or something else. */
function siteOf(subject: string, cause: string): string | null {
  return siteOfSubject(subject) ?? (cause.startsWith('site-down:') ? cause.slice('site-down:'.length) : null);
}
