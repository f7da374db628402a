import assert from 'node:assert/strict';
import type { People } from './people.ts';

/** Who is told of incidents. @returns its id */
export async function makeChannel({ owner: { send } }: People): Promise<string> {
  const { status, body } = await send('POST', '/alerts/channels', {
    body: { name: 'On call', kind: 'webhook', config: { url: 'https://hooks.example.org/reeve', secret: 'a secret that signs' }, routing: { severities: ['critical'] } },
  });
  assert.equal(status, 201, JSON.stringify(body));
  return body.id as string;
}
