import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../database/listen.ts';
import type { Pool } from '../database/pool.ts';
import { ReeveError } from '../domain/errors.ts';
import { type ContainerRow, readContainer } from './rows.ts';

/** Notifications may be lost, and a lease that runs out sends none. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Look at a container's row, now and at each news of it, until `done` says so or the time is over.
 * @returns the row as it was last
 * @throws ReeveError `not-found` when it has no row, `unavailable`, and what `done` throws; the signal's reason
 */
export async function waitForMember(
  { pool, url, container, withinMs, signal }: { pool: Pool; url: string; container: string; withinMs: number; signal?: AbortSignal },
  done: (row: ContainerRow | null) => Promise<boolean>,
): Promise<ContainerRow> {
  let news = Promise.withResolvers<void>();
  const tell = () => news.resolve();
  const listener = listen({
    url, name: 'reeve control member', channels: ['reeve_member'], onConnect: tell,
    onMessage: (_, id) => {
      if (id === container) tell();
    },
  });
  const until = Date.now() + withinMs;
  try {
    for (;;) {
      // Made before looking, so that nothing in between is missed.
      news = Promise.withResolvers<void>();
      const row = await readContainer(pool, container);
      if ((await done(row)) || Date.now() >= until) {
        if (!row) throw new ReeveError('not-found', `there is no container ${container}`, { subject: `container:${container}` });
        return row;
      }
      const timer = new AbortController();
      await Promise.race([news.promise, delay(LOOK_AGAIN_MS, undefined, { signal: signal ? AbortSignal.any([signal, timer.signal]) : timer.signal })]);
      timer.abort();
    }
  } finally {
    await listener.close();
  }
}
