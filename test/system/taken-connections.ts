import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/**
 * Take every connection to a server that a role without privileges may have, also what others give back meanwhile.
 * @param server anybody's URL to it, to a database that the role may enter
 * @returns what gives them back
 */
export function takeConnections(server: string, role: string): { leave(): Promise<void> } {
  const url = Object.assign(new URL(server), { username: role }).href;
  const taken: pg.Client[] = [];
  let going = true;
  const done = (async () => {
    while (going) {
      const client = new pg.Client(url);
      client.on('error', () => {});
      try {
        await client.connect();
        taken.push(client);
      } catch (error) {
        // Postgres: too_many_connections.
        assert.equal((error as { code?: string }).code, '53300');
        await delay(20);
      }
    }
  })();
  return {
    async leave() {
      going = false;
      await done;
      for (const client of taken) await client.end();
    },
  };
}
