/** One LISTEN client for all open streams: what it hears only says "look again", and one look serves everyone. */
import { listen, type Listener } from '../../database/listen.ts';
import type { Pool } from '../../database/pool.ts';
import { type Position, readNewest, readSince, type StreamItem } from '../../database/read/stream.ts';
import type { ApiLog } from '../log.ts';

export interface Hub {
  readonly size: number;
  /** Hear of everything after `position` (null: from now on), in order, none twice. */
  subscribe(position: Position | null, hear: (items: readonly StreamItem[]) => void): Promise<{ at: Position; leave(): void }>;
  /** Ends when the hub closes: streams end with it. */
  readonly closing: AbortSignal;
  close(): Promise<void>;
}

/** Also without any message, a look is taken now and then: a notification may be lost. */
const LOOK_EVERY_MS = 15_000;

export function createHub({ pool, url, log }: { pool: Pool; url: string; log: ApiLog }): Hub {
  const subscribers = new Set<(items: readonly StreamItem[]) => void>();
  let listener: Listener | undefined;
  let timer: NodeJS.Timeout | undefined;
  let position: Position | undefined;
  let looking: Promise<void> | undefined;
  let again = false;
  const closing = new AbortController();

  const lookOnce = async () => {
    position ??= await readNewest(pool);
    for (;;) {
      const found = await readSince(pool, position);
      if (found.items.length === 0) return;
      position = found.position;
      for (const hear of subscribers) hear(found.items);
    }
  };
  // At most one look runs and one waits, however many messages come.
  const look = (): Promise<void> => {
    again = looking !== undefined;
    looking ??= (async () => {
      try {
        do {
          again = false;
          await lookOnce();
        } while (again);
      } finally {
        looking = undefined;
      }
    })();
    return looking;
  };
  const lookQuietly = () => {
    if (subscribers.size > 0) look().catch((error: Error) => log.error('events cannot be read', { error: error.message }));
  };
  const start = () => {
    listener ??= listen({
      url, name: 'reeve api stream', channels: ['reeve', 'reeve_notice'], onMessage: lookQuietly, onConnect: lookQuietly,
    });
    timer ??= setInterval(lookQuietly, LOOK_EVERY_MS).unref();
  };

  return {
    closing: closing.signal,
    get size() {
      return subscribers.size;
    },
    async subscribe(from, hear) {
      start();
      // Caught up first, so that the others' position is where this one joins them.
      await look();
      const joined = position!;
      let at = from ?? joined;
      const early: StreamItem[][] = [];
      let caughtUp = false;
      const join = (items: readonly StreamItem[]) => {
        if (caughtUp) hear(items);
        else early.push([...items]);
      };
      subscribers.add(join);
      try {
        while (at.event < joined.event || at.notice < joined.notice) {
          const found = await readSince(pool, at, joined);
          if (found.items.length === 0) break;
          at = found.position;
          hear(found.items);
        }
      } catch (error) {
        subscribers.delete(join);
        throw error;
      }
      caughtUp = true;
      for (const items of early) hear(items);
      return { at: joined, leave: () => void subscribers.delete(join) };
    },
    async close() {
      closing.abort();
      clearInterval(timer);
      subscribers.clear();
      await listener?.close();
    },
  };
}
