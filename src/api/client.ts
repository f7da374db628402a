/** A small client of the API, for the command line and for tests. What goes wrong comes as a ReeveError. */
import { ERRORS, type ErrorFields, type ErrorType, ReeveError } from '../domain/errors.ts';
import { openWay, type Send } from '../network/request.ts';
import { readJsonLines, readServerSentEvents, readText } from './client-streams.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RequestOptions {
  readonly body?: unknown;
  /** Undefined and null are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  readonly idempotencyKey?: string;
  /** The `rev` that was read, or `*` for whatever there is. */
  readonly ifMatch?: number | string;
  readonly signal?: AbortSignal;
  /** Milliseconds until the answer begins; 15 s when not given. */
  readonly timeout?: number;
}

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  /** For If-Match: the row's rev in quotes. */
  readonly etag: string | null;
  /** Where the run is, of a 202. */
  readonly location: string | null;
  readonly requestId: string | null;
}

export interface StreamOptions extends RequestOptions {
  readonly method?: 'GET' | 'POST';
  /** Go on after this one (server-sent events). */
  readonly lastEventId?: string;
}

export interface Client {
  /**
   * The answer's body.
   * @param path below `/api/v1`, e.g. `/sites`
   * @throws ReeveError as the API's problem says, `unavailable` when it cannot be reached
   */
  // biome-ignore lint/suspicious/noExplicitAny: the body's shape is the caller's knowledge
  request<Body = any>(method: Method, path: string, options?: RequestOptions): Promise<Body>;
  /** The same with what else the answer says. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  exchange<Body = any>(method: Method, path: string, options?: RequestOptions): Promise<Answer<Body>>;
  /** The items of a stream: `{id, event, data}` of server-sent events, or each JSON line. Ends when the server ends it. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  stream<Item = any>(path: string, options?: StreamOptions): AsyncGenerator<Item, void, undefined>;
  /** The bytes of an answer that is a file, as they come. */
  download(path: string, options?: RequestOptions): AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * @param api   e.g. `http://127.0.0.1:8081`
 * @param token shown once when it was made
 */
export function createClient({ api, token }: { api: string; token: string }): Client {
  const base = api.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
  let way: Promise<Send> | undefined;

  const open = async (method: Method, path: string, options: StreamOptions, accept: string) => {
    const url = new URL(base + (/^\/(api\/v1\/|healthz|readyz|metrics|openapi\.json)/.test(path) ? path : `/api/v1${path}`));
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept };
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey;
    if (options.lastEventId !== undefined) headers['last-event-id'] = options.lastEventId;
    if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch === '*' ? '*' : `"${String(options.ifMatch).replaceAll('"', '')}"`;
    try {
      way ??= openWay(url);
      const send = await way;
      const answer = await send(url, {
        method, headers, body: options.body === undefined ? null : JSON.stringify(options.body),
        headersTimeout: options.timeout ?? 15_000, bodyTimeout: accept === 'application/json' ? 30_000 : 0,
        ...(options.signal ? { signal: options.signal } : {}),
      });
      if (answer.statusCode >= 400) throw asError(answer.statusCode, await readText(answer.body), base);
      return answer;
    } catch (error) {
      throw options.signal?.aborted ? error : unreachable(error, base);
    }
  };

  return {
    async request(method, path, options) {
      return (await this.exchange(method, path, options)).body;
    },
    async exchange(method, path, options = {}) {
      const answer = await open(method, path, options, 'application/json');
      const text = await readText(answer.body).catch((error) => { throw unreachable(error, base); });
      const isJson = String(answer.headers['content-type'] ?? '').includes('json');
      return {
        status: answer.statusCode,
        body: (text === '' ? null : isJson ? JSON.parse(text) : text),
        etag: header(answer.headers, 'etag'),
        location: header(answer.headers, 'location'),
        requestId: header(answer.headers, 'x-request-id'),
      };
    },
    async *stream(path, options = {}) {
      const answer = await open(options.method ?? 'GET', path, options, 'text/event-stream, application/x-ndjson');
      const isEvents = String(answer.headers['content-type'] ?? '').includes('event-stream');
      try {
        // biome-ignore lint/suspicious/noExplicitAny: the items' shape is the caller's knowledge
        yield* (isEvents ? readServerSentEvents(answer.body) : readJsonLines(answer.body)) as AsyncGenerator<any>;
      } catch (error) {
        throw options.signal?.aborted ? error : unreachable(error, base);
      } finally {
        answer.body.destroy();
      }
    },
    async *download(path, options = {}) {
      const answer = await open('GET', path, options, 'text/csv, application/x-ndjson');
      try {
        yield* answer.body as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw options.signal?.aborted ? error : unreachable(error, base);
      } finally {
        answer.body.destroy();
      }
    },
  };
}

function header(headers: Record<string, string | string[] | undefined>, name: string): string | null {
  const value = headers[name];
  return Array.isArray(value) ? (value[0] ?? null) : (value ?? null);
}

function asError(status: number, text: string, base: string): ReeveError {
  try {
    const { type, detail, title, status: _, ...fields } = JSON.parse(text) as ErrorFields & Record<string, string>;
    const name = type?.replace(/^.*\/problems\//, '') ?? '';
    if (name in ERRORS) return new ReeveError(name as ErrorType, detail ?? title ?? name, fields);
  } catch {
    // Not ours: a proxy's page, or something else that listens there. Said below.
  }
  const kind = status === 401 ? 'unauthenticated' : status === 404 ? 'not-found' : status >= 500 ? 'unavailable' : 'bad-request';
  return new ReeveError(kind, `${base} answered ${status}, and not as Reeve's API does`);
}

function unreachable(error: unknown, base: string): unknown {
  if (error instanceof ReeveError) return error;
  const { code, message } = error as { code?: string; message?: string };
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : code === 'ECONNRESET' ? 'the connection broke' : (message || code);
  return new ReeveError('unavailable', `the API at ${base} cannot be reached: ${why}`, {}, error);
}
