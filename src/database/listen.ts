import pg from 'pg';

export interface Listener {
  close(): Promise<void>;
}

/** Before it connects again: 1 s, doubling to 15 s, each times something between these two. */
export const RETRY = { firstMs: 1_000, longestMs: 15_000, from: 0.5, to: 1.5 } as const;

/**
 * Listen on channels with a client of its own, which reconnects for ever with jitter (`RETRY`), so that a hundred
 * listeners do not return at once. A message only says "look again"; `onConnect` says so too, since
 * whatever was sent while the connection was away is lost.
 */
export function listen(options: {
  url: string;
  name: string;
  channels: readonly string[];
  onMessage(channel: string, payload: string): void;
  onConnect(): void;
  onError?(error: Error): void;
}): Listener {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let delay: number = RETRY.firstMs;

  const retry = (error: Error | undefined) => {
    if (closed || timer) return;
    if (error) options.onError?.(error);
    const failed = client;
    client = undefined;
    failed?.removeAllListeners();
    failed?.on('error', () => {});
    failed?.end().catch(() => {});
    timer = setTimeout(() => {
      timer = undefined;
      void connect();
    }, delay * (RETRY.from + (RETRY.to - RETRY.from) * Math.random()));
    delay = Math.min(delay * 2, RETRY.longestMs);
  };

  const connect = async () => {
    const fresh = new pg.Client({
      connectionString: options.url, application_name: options.name, connectionTimeoutMillis: 5_000, keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    client = fresh;
    fresh.on('error', retry);
    fresh.on('end', () => retry(undefined));
    fresh.on('notification', (message) => options.onMessage(message.channel, message.payload ?? ''));
    try {
      await fresh.connect();
      for (const channel of options.channels) await fresh.query(`listen ${pg.escapeIdentifier(channel)}`);
      delay = RETRY.firstMs;
      if (!closed) options.onConnect();
    } catch (error) {
      retry(error as Error);
    }
  };

  void connect();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await client?.end().catch(() => {});
    },
  };
}
