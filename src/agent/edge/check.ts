/** The edge's own check of a member: a request on a fresh connection, as it sends visitors'. */
import { request as httpRequest } from 'node:http';
import type { Member } from '../../domain/desired.ts';

const WITHIN_MS = 1_000;

/** Whether the container's nginx says that it is ready. Never throws. */
export function answers({ address, port }: Member): Promise<boolean> {
  return new Promise((resolve) => {
    const request = httpRequest({
      host: address, port, path: '/', agent: false, headers: { host: 'ready.reeve.internal', connection: 'close' },
    }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    // Of the whole exchange: a member that accepts and says nothing does not answer.
    const timer = setTimeout(() => request.destroy(), WITHIN_MS);
    request.once('error', () => resolve(false));
    request.once('close', () => { clearTimeout(timer); resolve(false); });
    request.end();
  });
}
