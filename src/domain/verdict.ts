/**
 * Whether a hostname is well in a container, after hysteresis: one answer more never flips it. Pure; times in ms.
 * `down` after several failures in a row over some time, `up` after several answers in a row, `slow` likewise. `unknown`
 * is what nothing was heard of yet, never a guess: its first answer settles it, its failures have to add up.
 */
import type { HealthSettings } from './health-settings.ts';

export type Verdict = 'up' | 'slow' | 'down' | 'unknown';
/** What one probe found. `unknown`: it could not be made, and says nothing. */
export type Outcome = 'well' | 'slow' | 'bad' | 'unknown';

export interface Standing {
  readonly verdict: Verdict;
  /** When the verdict became this. */
  readonly since: number;
  /** Failures in a row, counted until they have made `down`. */
  readonly failures: number;
  readonly firstFailedAt: number | null;
  /** Answers in a row that speak against the verdict. */
  readonly successes: number;
}

export type VerdictRules = Pick<HealthSettings, 'downAfterFailures' | 'downAfterSeconds' | 'upAfterSuccesses'>;

export const unheard = (at: number): Standing => ({ verdict: 'unknown', since: at, failures: 0, firstFailedAt: null, successes: 0 });

/** How it stands after one more probe. The same object when that says nothing new: then nothing need be stored. */
export function judged(before: Standing, outcome: Outcome, at: number, rules: VerdictRules): Standing {
  if (outcome === 'unknown') return before;
  return outcome === 'bad' ? failed(before, at, rules) : answered(before, outcome === 'slow' ? 'slow' : 'up', at, rules);
}

function failed(before: Standing, at: number, rules: VerdictRules): Standing {
  // A down one that fails is as it was, unless it was coming back.
  if (before.verdict === 'down') return before.successes === 0 ? before : { ...before, successes: 0 };
  const failures = before.failures + 1;
  // Never ahead: by a clock that was set back since, it would not be down until the clock has come to it.
  const firstFailedAt = Math.min(before.firstFailedAt ?? at, at);
  const isDown = failures >= rules.downAfterFailures && at - firstFailedAt >= rules.downAfterSeconds * 1_000;
  if (isDown) return { verdict: 'down', since: at, failures, firstFailedAt, successes: 0 };
  return { ...before, failures, firstFailedAt, successes: 0 };
}

function answered(before: Standing, heard: 'up' | 'slow', at: number, rules: VerdictRules): Standing {
  const isSteady = before.failures === 0 && before.successes === 0;
  if (before.verdict === heard) {
    return isSteady ? before : { verdict: heard, since: before.since, failures: 0, firstFailedAt: null, successes: 0 };
  }
  const successes = before.successes + 1;
  if (before.verdict === 'unknown' || successes >= rules.upAfterSuccesses) {
    return { verdict: heard, since: at, failures: 0, firstFailedAt: null, successes: 0 };
  }
  // A down one keeps what made it so until it is up.
  return before.verdict === 'down' ? { ...before, successes } : { ...before, failures: 0, firstFailedAt: null, successes };
}

/** Whether to ask again before the next sweep: it may be going down, or coming back. */
export function isSuspect({ verdict, failures, successes }: Standing): boolean {
  return verdict === 'down' ? successes > 0 : failures > 0;
}
