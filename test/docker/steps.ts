/** What is done before the tests, each within a time of its own, said with how long it took. */

/** Nothing of Reeve's is wrong: this machine has not what the tests run on, or not in time. They are skipped then. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** For what ends its own part when it is told that there is no more time. */
const GRACE_MS = 20_000;

export type Step = <T>(name: string, limitMs: number, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** @param whole  ends all of them: the time for the whole, or somebody who stops it */
export function createSteps(whole: AbortSignal): Step {
  return async function step(name, limitMs, work) {
    const startedAt = Date.now();
    const took = () => `${Math.round((Date.now() - startedAt) / 1_000)} s`;
    console.log(`… ${name}`);
    const signal = AbortSignal.any([whole, AbortSignal.timeout(limitMs)]);
    const inTime = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => setTimeout(reject, GRACE_MS).unref(), { once: true });
    });
    try {
      signal.throwIfAborted();
      const done = await Promise.race([work(signal), inTime]);
      console.log(`✓ ${name}: ${took()}`);
      return done;
    } catch (error) {
      console.log(`✗ ${name}: ${took()}`);
      throw signal.aborted && !(error instanceof Unavailable) ? new Unavailable(`${name} is not done after ${took()}`) : error;
    }
  };
}
