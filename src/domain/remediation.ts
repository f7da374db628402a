/** What is done about a fault (DESIGN.md §6 and §7): probe again → regenerate → replace, and never more than is allowed. Pure. */
import { type BudgetFacts, mayReplace, type RemediationSettings } from './budget.ts';
import type { Fault } from './diagnosis.ts';

/**
 * What regenerating came to. `persists`: it did not help, and a second container, asked just before, was well. `unconfirmed`:
 * it did not help, and no second one could be asked. `elsewhere-too`: the second one fails as well, so nothing was done.
 */
export type RegenerateResult = 'recovered' | 'persists' | 'unconfirmed' | 'elsewhere-too';

/** One earlier act on the same incarnation for the same cause, oldest first. Times in milliseconds. */
export interface PastAct {
  /** It was because of an incident that is closed: what comes back must not begin anew each time. */
  readonly earlier?: boolean;
  readonly action: 'regenerate' | 'replace';
  /** Null while it goes on. `failed`: its run ended without a word. */
  readonly result: RegenerateResult | 'completed' | 'failed' | null;
  /** When it ended; while it goes on, when it was decided. */
  readonly at: number;
}

export interface RemediationFacts extends BudgetFacts {
  readonly settings: RemediationSettings;
  /** The platform-wide pause. */
  readonly paused: boolean;
  readonly past: readonly PastAct[];
  /** What a person said to replacing it for this incident; null when nobody was asked. `of-another`: one is being asked because of another incident of it. */
  readonly approval: 'pending' | 'rejected' | 'expired' | 'of-another' | null;
}

export interface Decision {
  readonly action: 'none' | 'regenerate' | 'replace';
  /** `acted`: a run is to be requested now. */
  readonly decision: 'acted' | 'refused' | 'observed' | 'awaiting-approval';
  readonly reason: string;
}

const WHOSE: Readonly<Record<string, string>> = {
  site: 'the site fails everywhere: no container is at fault',
  hostname: 'the hostname fails everywhere while its site is well: no container is at fault',
  database: 'the database does not answer its sites: restarting containers would not help',
  platform: 'many things fail at once: a cause to look for, not containers to kill',
  edge: 'an edge is not replaced, for two cannot have one address: a person must look',
  standstill: 'what is in service serves on, and its agent tries again by itself: nothing is restarted or replaced for it',
};

/** In the ledger from the moment of the answer on; who gave it is in the incident's story and in the audit. */
export const REJECTED: Decision = { action: 'replace', decision: 'refused', reason: 'a person has rejected it' };

/** Why the same is not tried again at once. */
const TRIED: Readonly<Record<string, string>> = {
  persists: 'it did not help a moment ago, and it was well since: cooling down before the next try',
  recovered: 'it recovered just now: cooling down before the next try',
  'elsewhere-too': 'it failed in a second container too: no container is at fault',
  unconfirmed: 'no second container could be asked: one site alone replaces no container unless it is well elsewhere',
  failed: 'regenerating ended without a result: one site alone replaces no container for that',
};

/**
 * A site that was down everywhere is well again in one container before the other: the last one looks as if it alone were ill,
 * and was replaced three seconds after regenerating, about to heal by itself.
 */
const STILL_HEALS = 'it did not help at once: one site alone is given a minute in which what was done shows in verdicts';

/** So many recoveries within `remembersMs`, and the mild means does not last. */
const FLAPS = 3;

/** ms. For how long an act counts after its incident was closed: enough for a fault that flaps to use its tries up. */
export const remembersMs = (settings: RemediationSettings): number => Math.max(3_600_000, (FLAPS + 1) * pauseAfter(settings));

/** The next step of the ladder for this fault, or why there is none. */
export function decide(fault: Fault, facts: RemediationFacts): Decision {
  const { settings, past, now } = facts;
  if (fault.domain === 'standstill' || fault.domain === 'edge' || fault.container === undefined || fault.incarnation === undefined) return { action: 'none', decision: 'observed', reason: WHOSE[fault.domain] ?? fault.title };
  if (past.some((act) => act.result === null)) return none('the last step still goes on');
  if (past.some((act) => act.action === 'replace')) return none('it was to be replaced once already: the ladder has ended');

  const regenerated = past.filter((act) => act.action === 'regenerate').at(-1);
  const persists = isBeyondRegenerating(fault, regenerated?.earlier ? undefined : regenerated);
  if (!persists && regenerated && now - regenerated.at < pauseAfter(settings)) return none(TRIED[regenerated.result!]!);
  const recovered = past.filter((act) => act.result === 'recovered' && now - act.at < remembersMs(settings)).length;
  if (persists && fault.domain === 'site-in-container' && now - regenerated!.at < SHOWS_WITHIN_MS) return none(STILL_HEALS);
  const flaps = !persists && recovered >= FLAPS;
  if (flaps && fault.domain !== 'container') return none(`it recovered ${recovered} times and failed again: one site alone replaces no container for that, a person must look`);
  const action = persists || flaps ? 'replace' : 'regenerate';
  if (facts.paused) return { action, decision: 'refused', reason: `the platform is paused: it would ${action}` };
  if (settings.mode === 'observe') return { action, decision: 'observed', reason: `mode observe: it would ${action}` };
  if (action === 'regenerate') {
    if (facts.breaker !== null) return { action, decision: 'refused', reason: `the breaker is open: ${facts.breaker} fail at once` };
    return { action, decision: 'acted', reason: `${fault.title}; the mildest means first` };
  }
  const allowance = mayReplace(fault.container, settings, facts);
  if (!allowance.allowed) return { action, decision: 'refused', reason: allowance.reason };
  const because = BEYOND.includes(fault.cause) ? fault.title : `${fault.title}; ${flaps ? `it recovered ${recovered} times and failed again` : 'regenerating did not help'}`;
  if (settings.mode === 'approve') {
    if (facts.approval === 'rejected') return REJECTED;
    if (facts.approval === 'of-another') return { action, decision: 'refused', reason: 'a person is being asked to replace it already, because of another incident' };
    if (facts.approval === 'expired') return { action, decision: 'refused', reason: 'nobody approved it in time' };
    return { action, decision: 'awaiting-approval', reason: because };
  }
  return { action, decision: 'acted', reason: because };
}

/** An agent that says nothing cannot be asked to regenerate, and one that starts has done so. */
const BEYOND: readonly string[] = ['lease-lapsed', 'not-ready'];

/** Only replacing is left. */
function isBeyondRegenerating({ domain, cause }: Fault, regenerated: PastAct | undefined): boolean {
  if (BEYOND.includes(cause)) return true;
  if (regenerated?.result === 'persists') return true;
  // Many sites that others serve well say enough by their verdicts; one alone must have been well when it was asked for.
  return domain === 'container' && (regenerated?.result === 'unconfirmed' || regenerated?.result === 'failed');
}

/** Within it what was done shows in verdicts, and what fails elsewhere too is known as the site's own. */
const SHOWS_WITHIN_MS = 60_000;

/** ms. Before it shows, nothing is tried again, whatever the settings. */
const pauseAfter = ({ cooldownMinutes }: RemediationSettings) => Math.max(cooldownMinutes * 60_000, SHOWS_WITHIN_MS);

const none = (reason: string): Decision => ({ action: 'none', decision: 'refused', reason });
