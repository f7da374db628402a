import { setTimeout as delay } from 'node:timers/promises';

/** What has been looked at for a second is looked at less often: each look takes processor time from what is waited for. */
const OFTEN = { ms: 20, forMs: 1_000 };
const SELDOM_MS = 150;

/** Until the next look at something that has been looked at since `begun`, ms. */
export const beforeNextLook = (begun: number): number => (Date.now() - begun < OFTEN.forMs ? OFTEN.ms : SELDOM_MS);

/** Waits for a condition; fails with what was waited for after `seconds`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const begun = Date.now();
  while (!(await condition())) {
    if (Date.now() - begun > seconds * 1000) throw new Error(`not within ${seconds} s: ${what}`);
    await delay(beforeNextLook(begun));
  }
}
