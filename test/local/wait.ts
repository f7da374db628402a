import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition; fails with what was waited for after `seconds`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await delay(20);
  }
}
