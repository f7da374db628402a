/** How long whoever fails has to wait: nothing at first, then twice as long each time, up to a most that a person can bear. */

export interface BackOff {
  /** Failures that cost nothing. */
  readonly free: number;
  readonly firstMs: number;
  readonly mostMs: number;
  /** After so long without a failure all is as at the beginning. */
  readonly forgottenMs: number;
}

export interface Failures {
  readonly count: number;
  readonly lastAt: number;
}

/** What counts now. */
export function remembered(failures: Failures, limits: BackOff, now: number): number {
  return now - failures.lastAt >= limits.forgottenMs ? 0 : failures.count;
}

/** Milliseconds until the next attempt is heard; 0 when it is now. */
export function waitFor(failures: Failures, limits: BackOff, now: number): number {
  const over = remembered(failures, limits, now) - limits.free;
  if (over < 0) return 0;
  const wait = Math.min(limits.mostMs, limits.firstMs * 2 ** Math.min(over, 40));
  return Math.max(0, Math.min(wait, failures.lastAt + wait - now));
}

const MINUTE = 60_000;

/**
 * One address may be an office's; one account must not be closed to its person for long by somebody else, so its wait stays
 * short, and a browser that they have used before is counted by itself. A wrong code follows a right password, so there
 * the wait may be long: 144 of a million codes a day.
 */
export const BACK_OFF = {
  address: { free: 20, firstMs: 1_000, mostMs: 5 * MINUTE, forgottenMs: 15 * MINUTE },
  account: { free: 5, firstMs: 1_000, mostMs: 30_000, forgottenMs: 15 * MINUTE },
  code: { free: 5, firstMs: 1_000, mostMs: 10 * MINUTE, forgottenMs: 24 * 60 * MINUTE },
  /** Command lines of one address that ask to be let in. */
  device: { free: 20, firstMs: 10_000, mostMs: 10 * MINUTE, forgottenMs: 60 * MINUTE },
  /** People of one address who leave to sign in elsewhere, of which a row is kept until they are back. */
  elsewhere: { free: 60, firstMs: 1_000, mostMs: 5 * MINUTE, forgottenMs: 15 * MINUTE },
  /** Mails that anyone can have sent to anyone. */
  mail: { free: 3, firstMs: MINUTE, mostMs: 60 * MINUTE, forgottenMs: 24 * 60 * MINUTE },
} as const satisfies Record<string, BackOff>;
