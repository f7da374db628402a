/** The API's routes, in this process, as the person who looks at the page: one permission check, one definition of each thing. */
import type { Authenticated } from '../api/authenticate.ts';
import type { Deps } from '../api/deps.ts';
import { invoke } from '../api/invoke.ts';
import type { Reply, Verb } from '../api/route.ts';
import { routeNamed } from '../api/routes/index.ts';

export interface Asked {
  readonly params?: Readonly<Record<string, string>>;
  /** Undefined and empty are left out. */
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  /** The rev that was read, or `*`. */
  readonly ifMatch?: string | number;
}

export interface Routes {
  /**
   * The body of a GET.
   * @param path as the route's: `/sites/{site}`
   * @throws ReeveError as the route does
   */
  get<Body>(path: string, asked?: Asked): Promise<Body>;
  /** The same with its tag, where that is no field of the body. @throws ReeveError as the route does */
  read<Body>(path: string, asked?: Asked): Promise<Done<Body>>;
  /** Do something; a form that is sent twice does it once. @throws ReeveError as the route does */
  send<Body>(method: Exclude<Verb, 'GET'>, path: string, asked?: Asked): Promise<Done<Body>>;
}

export interface Done<Body> {
  readonly body: Body;
  readonly etag: string | number | undefined;
  /** The run that does it. */
  readonly run: string | undefined;
}

/** @param key of the form that asks; each thing that one form does has a key of its own */
export function routesFor(deps: Deps, who: Authenticated, key: string | undefined): Routes {
  let sent = 0;
  const nextKey = () => {
    sent += 1;
    return key === undefined ? undefined : `${key}-${sent}`;
  };
  const call = (method: Verb, path: string, { query, ifMatch, ...asked }: Asked): Promise<Reply> => invoke(routeNamed(`${method} ${path as `/${string}`}`), deps, who, {
    ...asked,
    query: Object.fromEntries(Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => [name, String(value)])),
    ifMatch: ifMatch === undefined ? undefined : String(ifMatch),
    idempotencyKey: method === 'GET' ? undefined : nextKey(),
  });
  const done = async <Body>(method: Verb, path: string, asked: Asked): Promise<Done<Body>> => {
    const { body, etag, run } = await call(method, path, asked);
    return { body: body as Body, etag, run };
  };
  return {
    get: async <Body>(path: string, asked: Asked = {}) => (await call('GET', path, asked)).body as Body,
    read: (path, asked = {}) => done('GET', path, asked),
    send: (method, path, asked = {}) => done(method, path, asked),
  };
}
