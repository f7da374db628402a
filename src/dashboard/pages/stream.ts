import { onGone } from '../../api/stream/on-gone.ts';
import { endWhenRefused } from '../../api/stream/still-permitted.ts';
import type { StreamItem } from '../../database/read/stream.ts';
import { mayAnywhere } from '../nav.ts';
import { ReeveError } from '../../domain/errors.ts';
import { page } from '../page.ts';

/** However much happens, a page hears of it once in this time. */
const LEAST_MS = 1_000;
const HEARTBEAT_MS = 15_000;

/** Says "look again", never what there is to see: the page asks for that itself, with its own permission. */
const stream = page({
  path: '/stream',
  async handle({ deps, who, request, response }) {
    const { hub } = deps;
    if (!mayAnywhere(who.grantee, 'event:read')) throw new ReeveError('forbidden', 'event:read is not allowed to you anywhere');
    endWhenRefused(deps, request, response, who.grantee, (grantee) => String(mayAnywhere(grantee, 'event:read')));
    response.status(200);
    response.setHeader('content-type', 'text/event-stream; charset=utf-8');
    response.setHeader('x-accel-buffering', 'no');
    response.flushHeaders();
    let waiting: NodeJS.Timeout | undefined;
    const tell = () => {
      waiting = undefined;
      response.write('event: changed\ndata: {}\n\n');
    };
    const { leave } = await hub.subscribe(null, (_items: readonly StreamItem[]) => {
      waiting ??= setTimeout(tell, LEAST_MS);
    });
    response.write('event: ready\ndata: {}\n\n');
    const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_MS);
    const end = () => void response.end();
    hub.closing.addEventListener('abort', end);
    if (hub.closing.aborted) end();
    const over = () => {
      clearTimeout(waiting);
      clearInterval(heartbeat);
      hub.closing.removeEventListener('abort', end);
      leave();
    };
    onGone(response, over);
    return { answered: true };
  },
});

export const streamPages = [stream];
