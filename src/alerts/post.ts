import { createHmac } from 'node:crypto';
import { request } from 'undici';
import { byProxy, NotDelivered, notDelivered } from './failure.ts';
import { type Way, wayTo } from './way.ts';

const LONGEST_MS = 10_000;

/**
 * POST a body, once. Only a 2xx is success; a redirect is not followed, since it may lead anywhere.
 * @param allowed  CIDRs of inward addresses that may be gone to
 * @throws NotDelivered
 */
export async function post(url: string, body: string, headers: Readonly<Record<string, string>>, allowed: readonly string[], timeoutMs = LONGEST_MS): Promise<void> {
  let way: Way | undefined;
  try {
    way = await wayTo(url, allowed, timeoutMs);
    const { statusCode, body: answer } = await request(way.url, {
      dispatcher: way.dispatcher, method: 'POST', body, signal: AbortSignal.timeout(timeoutMs),
      headers: { 'content-type': 'application/json', 'user-agent': 'Reeve', ...headers, ...way.headers },
    });
    // Whatever else it says, for however long, is not listened to.
    answer.on('error', () => {}).destroy();
    if (statusCode >= 300 && statusCode < 400) throw new NotDelivered(`it answered ${statusCode}: redirects are not followed`);
    if (statusCode < 200 || statusCode >= 400) throw new NotDelivered(`it answered ${statusCode}`);
  } catch (error) {
    const why = notDelivered(error);
    throw way?.byProxy && error !== why ? byProxy(why) : why;
  } finally {
    await way?.dispatcher.destroy();
  }
}

/**
 * What a webhook's receiver checks: `v1=` and the hex HMAC-SHA256 of the timestamp (Unix seconds), a full stop and the body.
 * The timestamp is of this attempt, so that a receiver may refuse old ones.
 */
export function signed(secret: string, timestamp: number, body: string): Record<string, string> {
  const hmac = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { 'x-reeve-timestamp': String(timestamp), 'x-reeve-signature': `v1=${hmac}` };
}
