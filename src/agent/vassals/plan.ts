/**
 * How a site gets from the vassal in service to the one that is wanted, without losing a request (blue/green):
 *
 *     new → accepting → switched → draining → settled        and, when none is wanted:  → gone
 *
 * Pure: what is on disk and what the emperor says in, steps out. Each pass advances a site by one observed state, so
 * nothing is remembered that a crash could lose; times are read from the files.
 */
import type { SiteId } from '../../domain/id.ts';
import { ageOf } from './age.ts';
import type { Seen } from './emperor.ts';

export interface VassalFiles {
  /** Digest → when its ini was written, ms. */
  readonly inis: ReadonlyMap<string, number>;
  /** Where the site's socket points, and since when, ms; null when there is none. */
  readonly link: { readonly digest: string; readonly since: number } | null;
}

/** What the vassal answered when asked on its own socket; `asking` while nothing came yet. */
export type Answer = 'asking' | 'well' | { readonly ill: string };

export interface VassalView extends VassalFiles {
  readonly site: SiteId;
  /** Null: none is to run (suspended, deleted, quarantined before it ever served). */
  readonly wanted: string | null;
  /** By digest; null when the emperor does not answer: unknown, not "none runs". */
  readonly seen: ReadonlyMap<string, Seen> | null;
  /** Of the wanted one. */
  readonly answer: Answer | null;
}

export interface VassalPolicy {
  /** How many may start at a time. */
  readonly pace: number;
  readonly acceptWithinMs: number;
  /** How long the former vassal keeps running after the switch: at 0.2 s requests were lost, at 2 s none (DATAPLANE). */
  readonly drainMs: number;
  /** So many deaths of one that never served are enough. */
  readonly deaths: number;
}

export const VASSAL_POLICY: VassalPolicy = { pace: 2, acceptWithinMs: 30_000, drainMs: 2_000, deaths: 1 };

export type VassalStep =
  | { readonly do: 'start'; readonly site: SiteId; readonly digest: string }
  | { readonly do: 'ask'; readonly site: SiteId; readonly digest: string }
  | { readonly do: 'switch'; readonly site: SiteId; readonly digest: string }
  | { readonly do: 'stop'; readonly site: SiteId; readonly digest: string }
  | { readonly do: 'unlink'; readonly site: SiteId }
  | { readonly do: 'fail'; readonly site: SiteId; readonly digest: string; readonly reason: string };

export type VassalPhase = 'settled' | 'waiting' | 'starting' | 'accepting' | 'draining' | 'failed' | 'gone';

export interface VassalPlan {
  readonly steps: readonly VassalStep[];
  readonly phases: ReadonlyMap<SiteId, VassalPhase>;
}

export function planVassals(views: readonly VassalView[], policy: VassalPolicy, now: number): VassalPlan {
  const steps: VassalStep[] = [];
  const phases = new Map<SiteId, VassalPhase>();
  let starting = views.filter(isStarting).length;
  for (const view of views) {
    const { phase, step } = advance(view, policy, now);
    if (step?.do === 'start') {
      if (starting >= policy.pace) {
        phases.set(view.site, 'waiting');
        continue;
      }
      starting++;
    }
    phases.set(view.site, phase);
    if (step) steps.push(step);
  }
  return { steps, phases };
}

/** Written, not in service, and not accepting yet: it takes a core while it imports its code. */
function isStarting({ wanted, inis, link, seen }: VassalView): boolean {
  return wanted !== null && inis.has(wanted) && link?.digest !== wanted && seen?.get(wanted)?.accepting !== true;
}

function advance(view: VassalView, policy: VassalPolicy, now: number): { phase: VassalPhase; step?: VassalStep } {
  const { site, wanted, inis, link, seen } = view;
  if (wanted === null) {
    if (link) return { phase: 'draining', step: { do: 'unlink', site } };
    const [left] = inis.keys();
    return left === undefined ? { phase: 'gone' } : { phase: 'draining', step: { do: 'stop', site, digest: left } };
  }
  if (link?.digest === wanted && inis.has(wanted)) {
    const former = [...inis.keys()].find((digest) => digest !== wanted);
    if (former === undefined) return { phase: 'settled' };
    if (ageOf(link.since, now) < policy.drainMs) return { phase: 'draining' };
    return { phase: 'draining', step: { do: 'stop', site, digest: former } };
  }
  // A third one, left by a change that came while an earlier one was starting: it never served.
  const superseded = [...inis.keys()].find((digest) => digest !== wanted && digest !== link?.digest);
  if (superseded !== undefined) return { phase: 'starting', step: { do: 'stop', site, digest: superseded } };
  const writtenAt = inis.get(wanted);
  // A site that went and came back within the second: the emperor still ends the former one of that name, would take
  // the new file for the old one's, and its "accepting" would be that of the dying one.
  if (writtenAt === undefined && link?.digest !== wanted && (seen?.get(wanted)?.pid ?? 0) > 0) return { phase: 'starting' };
  if (writtenAt === undefined) return { phase: 'starting', step: { do: 'start', site, digest: wanted } };
  return bringUp(view, wanted, writtenAt, policy, now);
}

function bringUp(
  view: VassalView, wanted: string, writtenAt: number, policy: VassalPolicy, now: number,
): { phase: VassalPhase; step?: VassalStep } {
  const { site, link, seen, answer } = view;
  if (seen === null) return { phase: 'starting' };
  const vassal = seen.get(wanted);
  const late = ageOf(writtenAt, now) > policy.acceptWithinMs;
  const fail = (reason: string) => ({ phase: 'failed' as const, step: { do: 'fail' as const, site, digest: wanted, reason } });
  if (!vassal?.accepting) {
    if (vassal && vassal.deaths >= policy.deaths) return fail('it ends as soon as it starts');
    return late ? fail(`it took no requests within ${policy.acceptWithinMs / 1000} s`) : { phase: 'starting' };
  }
  if (answer === null) return { phase: 'accepting', step: { do: 'ask', site, digest: wanted } };
  if (answer === 'asking') return { phase: 'accepting' };
  // With nothing in service yet, one that answers badly is better than none: its own error page tells why.
  if (answer === 'well' || link === null) return { phase: 'accepting', step: { do: 'switch', site, digest: wanted } };
  return late ? fail(answer.ill) : { phase: 'accepting', step: { do: 'ask', site, digest: wanted } };
}
