/** What this edge answers for one hostname, and which container it was: asked over the edge's own socket, as a visitor. */
import { Agent, request } from 'undici';
import { portOf } from '../../domain/address.ts';
import type { Desired, Member } from '../../domain/desired.ts';
import { targetOf } from '../../domain/probe.ts';
import { ANSWERS_WITHIN_MS, answeredBy, type EdgeAnswer } from '../../domain/why.ts';

const BODY_BYTES = 1024 * 1024;

/** One GET of the first page, which no site closes to the edge. Never throws. */
export async function askEdge(hostname: string, { socket, desired, members, withinMs = ANSWERS_WITHIN_MS }: {
  readonly socket: string; readonly desired: Desired | null; readonly members: readonly Member[]; readonly withinMs?: number;
}): Promise<EdgeAnswer> {
  const { host, scheme } = asVisited(hostname, desired);
  const dispatcher = new Agent({ connect: { socketPath: socket } });
  const signal = AbortSignal.timeout(withinMs);
  const start = performance.now();
  try {
    const { statusCode, headers, body } = await request('http://edge.reeve.internal/', {
      headers: { host, 'x-forwarded-proto': scheme, 'user-agent': 'Reeve-Probe' }, dispatcher, signal,
    });
    const ms = performance.now() - start;
    const one = (name: string) => { const value = headers[name]; return typeof value === 'string' && value !== '' ? value : null; };
    // The rest of a page says nothing more; cut off at once it would stand in the container's log as a visitor who left.
    await body.dump({ limit: BODY_BYTES, signal }).catch(() => {});
    return { status: statusCode, ms, site: one('x-reeve-site'), ...answeredBy(one('x-reeve-container'), members), failure: null };
  } catch {
    return { status: null, ms: performance.now() - start, site: null, container: null, tried: [], failure: signal.aborted ? 'late' : 'unreachable' };
  } finally {
    await dispatcher.destroy();
  }
}

/** With the port and the scheme that its visitors come with. */
function asVisited(hostname: string, desired: Desired | null): { host: string; scheme: 'http' | 'https' } {
  if (desired === null) return { host: hostname, scheme: 'http' };
  const { publicScheme: scheme } = desired.settings;
  return targetOf(desired, hostname) ?? { host: `${hostname}${portOf(desired.settings, scheme)}`, scheme };
}
