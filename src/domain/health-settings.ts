/** How probes are made and judged; `platform.settings.health`. */
export interface HealthSettings {
  /** Seconds from one sweep to the next: the length of a slot. */
  readonly intervalSeconds: number;
  /** Seconds until a hostname that fails, or is coming back, is asked again. */
  readonly suspectSeconds: number;
  /** An answer that takes longer is slow, ms. */
  readonly slowMs: number;
  /** An answer that takes longer is none, ms. */
  readonly timeoutMs: number;
  /** This many failures in a row … */
  readonly downAfterFailures: number;
  /** … over at least this long make `down`. */
  readonly downAfterSeconds: number;
  /** This many well answers in a row make `up` again. */
  readonly upAfterSuccesses: number;
}

/** DESIGN.md §7; slow and timeout are ours. */
export const HEALTH_DEFAULTS: HealthSettings = {
  intervalSeconds: 30, suspectSeconds: 10, slowMs: 2_000, timeoutMs: 10_000,
  downAfterFailures: 3, downAfterSeconds: 30, upAfterSuccesses: 2,
};

/** A path below `health` and what is wrong there; empty when the values fit each other. Ranges are the schema's. */
export function contradictions(health: HealthSettings): { path: string; message: string }[] {
  const wrong: { path: string; message: string }[] = [];
  if (health.slowMs >= health.timeoutMs) wrong.push({ path: 'health.slowMs', message: `must be less than timeoutMs (${health.timeoutMs}): nothing could be slow` });
  if (health.suspectSeconds > health.intervalSeconds) {
    wrong.push({ path: 'health.suspectSeconds', message: `must be at most intervalSeconds (${health.intervalSeconds})` });
  }
  return wrong;
}

/** Which sweep a moment belongs to: the start of its slot, ms. */
export function slotOf(at: number, { intervalSeconds }: Pick<HealthSettings, 'intervalSeconds'>): number {
  const length = intervalSeconds * 1_000;
  return Math.floor(at / length) * length;
}
