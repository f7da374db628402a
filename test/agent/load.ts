/** Visitors: so many clients that ask again and again, each request on a fresh connection, as the edge sends them. */
import { moment } from '../moment.ts';
import type { TestContainer } from './container.ts';

export function hammer(container: TestContainer, hostname: string, clients: number): {
  stop(): Promise<{ requests: number; failed: string[] }>;
} {
  let stopped = false;
  let requests = 0;
  const failed: string[] = [];
  const done = Promise.all(Array.from({ length: clients }, async () => {
    while (!stopped) {
      try {
        const { status } = await container.get(hostname);
        if (status !== 200) failed.push(`status ${status}`);
      } catch (error) {
        failed.push(String(error));
      }
      requests++;
      await moment();
    }
  }));
  return {
    async stop() {
      stopped = true;
      await done;
      return { requests, failed };
    },
  };
}
