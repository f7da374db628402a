import { ReeveError } from '../domain/errors.ts';

/** Lets so many through at once, and so many wait; others are sent away at once, so that no queue grows without an end. */
export interface Gate {
  /** @throws ReeveError `rate-limited` when the queue is full, and the work's own */
  through<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate({ atOnce, waiting, full }: { atOnce: number; waiting: number; full: string }): Gate {
  const queue: (() => void)[] = [];
  let inside = 0;
  const leave = () => {
    const next = queue.shift();
    // Whoever waited takes the place of whoever leaves: `inside` stays.
    if (next) next();
    else inside -= 1;
  };
  return {
    async through(work) {
      if (inside < atOnce) inside += 1;
      else if (queue.length >= waiting) throw new ReeveError('rate-limited', full);
      else await new Promise<void>((resolve) => queue.push(resolve));
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
