/** How many containers there should be: deciding is pure, `(policy, members, past, now) → what to do and why`. */
import type { Load } from './observed.ts';
import type { ScalingPolicy, ScalingTargets } from './scaling.ts';

/** A site container that is wanted running. */
export interface SizedMember {
  readonly id: string;
  readonly incarnation: number;
  /** Ready and alive: it serves. */
  readonly ready: boolean;
  /** Null: not measured, which is not the same as idle. */
  readonly load: Load | null;
}

/** How many containers an earlier look found enough; `at` in milliseconds. */
export interface Recommendation {
  readonly at: number;
  readonly enough: number;
}

export interface Measured {
  readonly policy: ScalingPolicy;
  readonly members: readonly SizedMember[];
  readonly past: readonly Recommendation[];
  /** Why nobody may act now: a run under way, the platform paused; null when one may. */
  readonly busy: string | null;
  readonly now: number;
}

export interface Sizing {
  readonly action: 'none' | 'launch' | 'drain';
  /** The container to drain. */
  readonly container?: { readonly id: string; readonly incarnation: number };
  /** What the load asks for now, within the bounds; null when nothing could be measured. */
  readonly enough: number | null;
  readonly reason: string;
}

/** One step towards the right size: never two at a time, never on a guess. */
export function size({ policy, members, past, busy, now }: Measured): Sizing {
  const count = members.length;
  const { asked, by } = askedFor(policy, members);
  const enough = asked === null ? null : clamp(asked, policy);
  const none = (reason: string): Sizing => ({ action: 'none', enough, reason });

  if (policy.mode === 'off') return none('scaling is off');
  if (busy !== null) return none(busy);
  const starting = members.filter((member) => !member.ready);
  // Also beside one that is not ready: it counts, so this ends at the minimum. One that is dead is replaced only where as many are
  // healthy then (src/domain/budget.ts), so who waited for it here waited for ever.
  if (count < policy.min) return { action: 'launch', enough, reason: `${count} of at least ${policy.min}` };
  if (starting.length > 0) return none(`waiting for ${starting[0]!.id}, which is not ready`);
  if (count > policy.max) return drain(members, enough, `${count} of at most ${policy.max}`);
  if (enough === null) return none('no container has been measured');
  if (enough > count) return { action: 'launch', enough, reason: `${by} asks for ${asked}, there are ${count}` };
  if (enough === count) return none(asked === count ? 'as it should be' : `${by} asks for ${asked}, which the bounds do not allow`);

  const from = now - policy.stabilisation * 1_000;
  const within = past.filter((one) => one.at >= from && one.at <= now);
  const peak = Math.max(enough, ...within.map((one) => one.enough));
  if (peak >= count) return none(`${enough} are enough now; ${peak} were asked for within ${policy.stabilisation} s`);
  // Nothing known of the whole window is not a quiet window.
  if (!past.some((one) => one.at <= from)) return none(`${enough} are enough, for less than ${policy.stabilisation} s so far`);
  return drain(members, enough, `${peak} have been enough for ${policy.stabilisation} s, there are ${count}`);
}

/** The one whose leaving wakes the fewest sites elsewhere. */
function drain(members: readonly SizedMember[], enough: number | null, reason: string): Sizing {
  const [least] = [...members].sort((a, b) => (a.load?.awake ?? Infinity) - (b.load?.awake ?? Infinity) || (a.id < b.id ? -1 : 1));
  return { action: 'drain', container: { id: least!.id, incarnation: least!.incarnation }, enough, reason };
}

/**
 * The most that any measure asks for. A container that was not measured counts as idle where the others ask for more,
 * and as just at its target where they ask for less: so what is not known never moves anything.
 */
function askedFor({ targets, tolerance }: ScalingPolicy, members: readonly SizedMember[]): { asked: number | null; by: string } {
  let asked: number | null = null;
  let by = 'nothing';
  for (const name of Object.keys(targets) as (keyof ScalingTargets)[]) {
    const target = targets[name];
    const measured = members.flatMap(({ load }) => load?.[name] ?? []);
    if (target === null || measured.length === 0) continue;
    const sum = measured.reduce((total, one) => total + one, 0);
    const unknown = members.length - measured.length;
    const need = askedBy(sum, unknown, members.length, target, tolerance);
    if (asked === null || need > asked) [asked, by] = [need, name];
  }
  return { asked, by };
}

function askedBy(sum: number, unknown: number, count: number, target: number, tolerance: number): number {
  const atLeast = sum / target;
  const atMost = atLeast + unknown;
  // A sum of shares may be 1.7999999999999998 where it means 1.8.
  const whole = (containers: number) => Math.max(1, Math.ceil(containers - 1e-9));
  if (atLeast > count * (1 + tolerance)) return whole(atLeast);
  if (atMost < count * (1 - tolerance)) return whole(atMost);
  return count;
}

const clamp = (count: number, { min, max }: ScalingPolicy) => Math.min(max, Math.max(min, count));
