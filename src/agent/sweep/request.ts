/** One request to a hostname inside this container, over nginx's own probe socket: the name is never resolved. */
import { Client, type Dispatcher, Pool } from 'undici';
import type { Answer } from '../../domain/probe.ts';

export interface Question {
  /** With the port that visitors use. */
  readonly host: string;
  readonly path: string;
  readonly scheme: 'http' | 'https';
}

export interface Requester {
  /**
   * @param timeoutMs for all of it: connecting, another try, and an answer that comes in drops
   * @throws what the connection threw; a cut one is tried once more on a fresh connection first
   */
  ask(question: Question, timeoutMs: number): Promise<Answer>;
  close(): Promise<void>;
}

const ORIGIN = 'http://reeve.internal';
/** A reload cuts connections that were kept: that says nothing of the site. */
const CUT = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const CONNECT_MS = 2_000;
const TOO_LONG = 'REEVE_TOO_LONG';

/** Whether that, which `ask` threw, means that its time ran out. */
export const tookTooLong = (error: unknown) => (error as { code?: string }).code === TOO_LONG;

export function createRequester(probeSocket: string, connections: number): Requester {
  const pool = new Pool(ORIGIN, { socketPath: probeSocket, connections, pipelining: 1, connectTimeout: CONNECT_MS });

  async function askAfresh(question: Question, deadline: Deadline): Promise<Answer> {
    const fresh = new Client(ORIGIN, { socketPath: probeSocket, connectTimeout: CONNECT_MS });
    try {
      return await send(fresh, question, deadline);
    } finally {
      await fresh.destroy();
    }
  }

  return {
    async ask(question, timeoutMs) {
      const deadline = { at: performance.now() + timeoutMs, timeoutMs };
      try {
        return await send(pool, question, deadline);
      } catch (error) {
        if (!CUT.has((error as { code?: string }).code ?? '')) throw error;
        return await askAfresh(question, deadline);
      }
    },
    close: () => pool.destroy(),
  };
}

interface Deadline {
  /** Of `performance.now()`. */
  readonly at: number;
  readonly timeoutMs: number;
}

/** By a handler of its own: `request()` would make a stream for each body, of which nothing is read. */
function send(through: Dispatcher, { host, path, scheme }: Question, { at, timeoutMs }: Deadline): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let answer: Answer | null = null;
  let controller: Dispatcher.DispatchController | null = null;
  let tooLong: Error | null = null;
  // undici's own limits begin anew with each byte, and with each try: what drips would hold its place for long.
  const timer = setTimeout(() => {
    tooLong = Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: TOO_LONG });
    reject(tooLong);
    controller?.abort(tooLong);
  }, at - performance.now());
  through.dispatch({
    origin: ORIGIN, path, method: 'GET', headersTimeout: 0, bodyTimeout: 0,
    headers: { host, 'x-forwarded-proto': scheme, 'user-agent': 'Reeve-Probe' },
  }, {
    onRequestStart(started) {
      controller = started;
      // Its time was over before there was a connection.
      if (tooLong) started.abort(tooLong);
    },
    onResponseStart(_controller, status, headers) {
      const one = (name: string) => { const value = headers[name]; return typeof value === 'string' && value !== '' ? value : null; };
      answer = { status, site: one('x-reeve-site'), location: one('location') };
    },
    onResponseData() {},
    onResponseEnd() {
      if (answer) resolve(answer);
      else reject(new Error('it ended without an answer'));
    },
    onResponseError: (_controller, error) => reject(error),
  });
  return promise.finally(() => clearTimeout(timer));
}
