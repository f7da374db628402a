import type { Log } from '../log.ts';
import { messageOf } from '../log.ts';
import { countPass } from './loop-failures.ts';

export interface Loop {
  /** Look now, or again right after the pass that is going on. */
  wake(): void;
  /** Waits for the pass that is going on. */
  stop(): Promise<void>;
}

/** A pass that failed, and was woken meanwhile, is tried again so soon: not at once, since it mostly fails again. */
const WOKEN_MS = 1_000;

/**
 * Do `pass` again and again, never twice at once: every `everyMs` ± 20 %, and when woken. A pass that fails is tried
 * again at the next turn, or within a second where it was woken meanwhile; its error is logged when it begins, changes and ends, not each time.
 */
export function startLoop({ name, everyMs, pass, log }: {
  name: string; everyMs: number; pass: (stopping: AbortSignal) => Promise<void>; log: Log;
}): Loop {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  let trouble: string | null = null;
  let current: Promise<void> | null = null;

  const turn = async () => {
    do {
      again = false;
      const now = await pass(stopping.signal).then(() => null, messageOf);
      if (!stopping.signal.aborted) countPass(name, now !== null);
      if (now !== trouble && !stopping.signal.aborted) log.info('loop', { name, was: trouble ?? 'well', now: now ?? 'well' });
      trouble = now;
    } while (again && trouble === null && !stopping.signal.aborted);
  };
  const begin = () => {
    clearTimeout(timer);
    current = turn().finally(() => {
      current = null;
      if (!stopping.signal.aborted) timer = setTimeout(begin, again ? Math.min(WOKEN_MS, everyMs) : everyMs * (0.8 + Math.random() * 0.4));
    });
  };
  begin();
  return {
    wake() {
      if (stopping.signal.aborted) return;
      if (current) again = true;
      else begin();
    },
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await current;
    },
  };
}
