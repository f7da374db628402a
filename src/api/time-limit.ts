import { ReeveError } from '../domain/errors.ts';

/** A request's time for everything but reading its body: a database that is away is told within 6 s. */
export const REQUEST_MS = 5_500;

export interface TimeLimit {
  /** Await it for as long as is left. What comes too late is dropped, and what it did stays done. @throws ReeveError `unavailable` */
  during<T>(work: Promise<T>): Promise<T>;
}

export function timeLimit(total = REQUEST_MS): TimeLimit {
  let left = total;
  return {
    async during(work) {
      const began = performance.now();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new ReeveError('unavailable',
          'there was no answer in time; a change may yet be done: repeat it with the same Idempotency-Key to learn')), left);
      });
      work.catch(() => {});
      try {
        return await Promise.race([work, late]);
      } finally {
        clearTimeout(timer);
        left -= performance.now() - began;
      }
    },
  };
}
