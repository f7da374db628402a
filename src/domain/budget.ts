/** What may be replaced at all (DESIGN.md §7, budget). Pure; every answer has its reason. */

export const REMEDIATION_MODES = ['auto', 'approve', 'observe'] as const;
export type RemediationMode = (typeof REMEDIATION_MODES)[number];

export interface RemediationSettings {
  /** `auto` acts, `approve` asks a person before it replaces, `observe` only says what it would do. */
  readonly mode: RemediationMode;
  /** Replacements in a rolling hour, failed ones counted. */
  readonly perHour: number;
  /** Healthy containers that must be left beside the one that is replaced. */
  readonly floor: number;
  readonly breakerContainers: number;
  readonly breakerPercent: number;
  /** Between one replacement's end and the next one's start; and between two tries to regenerate the same fault. */
  readonly cooldownMinutes: number;
}

export const REMEDIATION_DEFAULTS: RemediationSettings = {
  mode: 'auto', perHour: 4, floor: 1, breakerContainers: 2, breakerPercent: 20, cooldownMinutes: 10,
};

/** What is wrong with settings that are each fine by themselves. */
export function remediationContradictions({ mode, perHour, cooldownMinutes }: RemediationSettings): { path: string; message: string }[] {
  const wrong: { path: string; message: string }[] = [];
  if (mode !== 'observe' && perHour === 0) {
    wrong.push({ path: 'remediation.perHour', message: `is a budget of nothing, with which mode ${mode} does nothing: take observe, or at least 1` });
  }
  if (cooldownMinutes * (perHour - 1) > 60) {
    wrong.push({ path: 'remediation.cooldownMinutes', message: `never lets ${perHour} an hour happen` });
  }
  return wrong;
}

/**
 * A floor that no cluster of this size reaches: nothing would ever be replaced, and nobody told why.
 * @param most containers that there may be
 */
export function floorContradictions({ mode, floor }: RemediationSettings, most: number): { path: string; message: string }[] {
  if (mode === 'observe' || floor < most) return [];
  return [{ path: 'remediation.floor', message: `is ${floor}, and there are ${most} containers at most: none would ever be replaced` }];
}

/** One replacement that was begun, by anyone. Times in milliseconds of one clock. */
export interface PastReplacement {
  readonly container: string;
  readonly incarnation: number;
  /** `superseded`: given up because its reason was over. */
  readonly state: 'running' | 'completed' | 'failed' | 'superseded';
  readonly startedAt: number;
  readonly endedAt: number | null;
}

export interface BudgetFacts {
  readonly now: number;
  /** Members that serve or should: ready when they were last heard of. The suspect is one of them. */
  readonly members: readonly { readonly id: string; readonly healthy: boolean }[];
  /** Those that began or ended within the last hour at least, and within the cool-down. */
  readonly replacements: readonly PastReplacement[];
  /** Why the breaker is open; null when it is not. */
  readonly breaker: string | null;
  /** Containers that the setting `scaling` wants at least; 0 while it is off. */
  readonly min: number;
}

export type Allowance = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

const HOUR_MS = 3_600_000;
const endOf = ({ endedAt, startedAt }: PastReplacement) => endedAt ?? startedAt;

/** Whether this container may be replaced now without a person having asked for it. */
export function mayReplace(container: string, settings: RemediationSettings, facts: BudgetFacts): Allowance {
  const no = (reason: string): Allowance => ({ allowed: false, reason });
  const { now, members, replacements, breaker } = facts;
  if (breaker !== null) return no(`the breaker is open: ${breaker} fail at once`);
  const running = replacements.find((each) => each.state === 'running');
  if (running) return no(`container ${running.container} is being replaced: one at a time`);
  const recent = replacements.filter((each) => now - each.startedAt < HOUR_MS);
  // By their ends: one that took an hour has only just failed.
  const last = replacements.filter(({ state }) => state !== 'superseded')
    .reduce<PastReplacement | null>((newest, each) => (newest && endOf(newest) > endOf(each) ? newest : each), null);
  if (last?.state === 'failed' && now - endOf(last) < HOUR_MS) return no(`the last replacement, of container ${last.container}, failed: a person must look first`);
  if (recent.length >= settings.perHour) return no(`${recent.length} replacements in the last hour: the budget is ${settings.perHour}`);
  const cool = last === null ? 0 : endOf(last) + settings.cooldownMinutes * 60_000 - now;
  if (cool > 0) return no(`cooling down for another ${Math.ceil(cool / 60_000)} minutes after replacing container ${last!.container}`);
  const others = members.filter((each) => each.id !== container);
  const healthy = others.filter((each) => each.healthy).length;
  if (healthy < others.length) return no(`${others.length - healthy} other containers are not known to be well: never below ready − 1`);
  if (healthy < settings.floor) return no(`only ${healthy} healthy containers would be left: the floor is ${settings.floor}`);
  // The new one counts: it serves before the old one goes.
  if (healthy + 1 < facts.min) return no(`only ${healthy + 1} healthy containers would be there: scaling.min is ${facts.min}`);
  return { allowed: true };
}
