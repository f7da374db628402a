/**
 * Requests of a short command to one address. Directly they are Node's own http's: undici takes 90 ms of processor time
 * to load, more than all else that `reeve site list` does. Through a proxy they are undici's, which knows how.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { proxyFor } from './proxy.ts';

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Milliseconds until the answer begins. */
  readonly headersTimeout: number;
  /** Milliseconds between two pieces of the answer; 0 is as long as it takes. */
  readonly bodyTimeout: number;
  readonly signal?: AbortSignal;
}

export interface Answered {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

export type Send = (url: URL, asked: Asked) => Promise<Answered>;

const CONNECT_WITHIN_MS = 5_000;

/**
 * Connections of its own, none of which keeps the process alive when it is idle.
 * @throws ReeveError `invalid` when the environment names no proxy that can be used
 */
export async function openWay(address: URL): Promise<Send> {
  return proxyFor(address) === null ? directly(address) : await throughProxy(address);
}

function directly({ protocol }: URL): Send {
  // Not imported: an import reads each thing that http exports, WebSocket too, and that loads the undici inside Node
  // (32 ms of processor time).
  const { Agent, request } = process.getBuiltinModule(protocol === 'https:' ? 'node:https' : 'node:http') as typeof import('node:http');
  // Until it has connected, and between two requests.
  const agent = new Agent({ keepAlive: true, timeout: CONNECT_WITHIN_MS });
  return (url, { method, headers, body, headersTimeout, bodyTimeout, signal }) => new Promise((resolve, reject) => {
    const framed = body === null ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) };
    let answered: IncomingMessage | undefined;
    const sent = request(url, { method, headers: framed, agent, ...(signal ? { signal } : {}) }, (answer) => {
      answered = answer;
      sent.setTimeout(bodyTimeout);
      resolve({ statusCode: answer.statusCode!, headers: answer.headers, body: answer });
    });
    sent.on('error', reject);
    sent.on('timeout', () => {
      const why = answered ? 'its answer stopped half-way' : sent.socket?.connecting ? 'it takes no connection' : 'it does not answer';
      (answered ?? sent).destroy(new Error(why));
    });
    sent.setTimeout(headersTimeout);
    sent.end(body ?? undefined);
  });
}

async function throughProxy(address: URL): Promise<Send> {
  const [{ request }, { dispatcherFor }] = await Promise.all([import('undici'), import('./outgoing.ts')]);
  const dispatcher = dispatcherFor(address, { keepAliveTimeout: 1_000, connect: { timeout: CONNECT_WITHIN_MS } });
  return (url, asked) => request(url, { ...asked, dispatcher });
}
