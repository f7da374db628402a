/** When the log of changes is folded into the state that is kept. Nothing that serves rests on it: it only makes the next start quicker. */
import type { Desired } from '../../domain/desired.ts';
import type { Waiting } from '../../domain/observed.ts';
import { type Log, messageOf } from '../../log.ts';
import type { LastKnownGood } from './last-known-good.ts';

/** On a full disk each try takes the last of it for a moment, from the sites too. Meanwhile the log grows on. */
const RETRY_MS = 5 * 60_000;

export interface Folding {
  /** Call when nothing is under way: it takes a while. */
  settled(current: Desired): void;
  /** Why the last try failed: somebody must hear of such a disk before it keeps the container from following. */
  trouble(): Waiting | null;
}

export function createFolding({ kept, log }: { kept: Pick<LastKnownGood, 'wantsFolding' | 'fold'>; log: Log }): Folding {
  let trouble: string | null = null;
  /** Of `performance.now()`. */
  let failedAt = Number.NEGATIVE_INFINITY;

  function say(now: string | null): void {
    if (now !== trouble) log[now === null ? 'info' : 'warn']('folding the log of changes', { was: trouble ?? 'well', now: now ?? 'well' });
    trouble = now;
  }

  return {
    settled(current) {
      if (!kept.wantsFolding() || performance.now() - failedAt < RETRY_MS) return;
      try {
        kept.fold(current);
        say(null);
      } catch (error) {
        failedAt = performance.now();
        say(messageOf(error));
      }
    },
    trouble: () => (trouble === null ? null : { on: 'disk', message: `all is served, but the log of changes cannot be folded: ${trouble}` }),
  };
}
