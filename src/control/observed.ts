import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../database/listen.ts';

/** Says when some container has recorded something new; one listener for all who wait. */
export interface Observed {
  /** Resolves with the next news, or after `ms`; rejects when aborted. */
  next(ms: number, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** @param url  the platform's database */
export function listenObserved(url: string, onError: (error: Error) => void): Observed {
  let news = Promise.withResolvers<void>();
  const tell = () => {
    const told = news;
    news = Promise.withResolvers<void>();
    told.resolve();
  };
  const listener = listen({
    url, name: 'reeve control observed', channels: ['reeve_observed'], onMessage: tell, onConnect: tell, onError,
  });
  return {
    async next(ms, signal) {
      const timer = new AbortController();
      const abort = () => timer.abort(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      try {
        signal?.throwIfAborted();
        await Promise.race([news.promise, delay(ms, undefined, { signal: timer.signal })]);
      } finally {
        signal?.removeEventListener('abort', abort);
        timer.abort();
      }
    },
    close: () => listener.close(),
  };
}
