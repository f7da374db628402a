/** What a route is: one value, from which its checks, its place in OpenAPI and the tests that walk all routes follow. */
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Actor } from '../database/change.ts';
import type { Queryable } from '../database/pool.ts';
import type { Person } from '../database/principals.ts';
import type { Owned } from '../database/read/site-of.ts';
import type { Asking } from '../database/requests/asking.ts';
import type { Action, Grantee, Resource } from '../domain/permission.ts';
import type { Deps } from './deps.ts';

/**
 * What permission is asked on: the platform; a thing named in the address, through the site that it is of; whatever one
 * may see of all (lists, which show only that); or oneself, which whoever is known may.
 */
export type On = 'platform' | Owned | 'any' | 'self';

export type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Reply {
  readonly status?: number;
  readonly body?: unknown;
  /** The rev of what is answered, for If-Match. */
  readonly etag?: number | string;
  /** The run that was requested: handed on after the commit, and named in Location. */
  readonly run?: string;
  /** For text that is not JSON. */
  readonly type?: string;
}

/** One request, checked: everything that a route's handler may use. */
export interface Call<Params, Query, Body> {
  readonly deps: Deps;
  /** The pool, or the transaction that keeps the answer with what it did (Idempotency-Key). */
  readonly db: Queryable;
  readonly actor: Actor;
  readonly grantee: Grantee;
  /** The person behind it; null for a token of the platform's own. */
  readonly user: Person | null;
  /** The session's id, when it came with a cookie. */
  readonly session: string | null;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly ifMatch: string | undefined;
  /** What a request of `src/database/requests` is asked with. @throws ReeveError `stale` when If-Match is no rev */
  asking(more?: { approval?: string; reason?: string }): Asking;
  /** Of a route on `any`: the sites that its list may show; undefined for all, and for what is the platform's. */
  readonly sites: readonly string[] | undefined;
  /**
   * The same with a site that the list is asked for: that one alone, or none where theirs is another. Whoever sees a site
   * may still not read this of it.
   * @throws ReeveError `not-found` for a site that is not theirs to see
   */
  shownSites(asked: string | undefined): Promise<readonly string[] | undefined>;
  /** The site of a thing that is named in a query or body; null for the platform's. @throws ReeveError `not-found` also when it is not theirs to see */
  seen(kind: Owned, named: string | number): Promise<string | null>;
  /** The same for a site by its id or name. */
  seenSite(idOrName: string): Promise<string>;
  /** Ask about something else than the route is on. @throws ReeveError `forbidden` */
  permit(action: Action, resource: Resource): void;
  /** For streams, which come over HTTP alone; what is invoked in this process has neither. */
  readonly request: Request;
  readonly response: Response;
}

// biome-ignore lint/suspicious/noExplicitAny: routes of every shape stand in one list
export type AnySchema = z.ZodType<any, any>;

export interface Route {
  readonly method: Verb;
  /** As in OpenAPI: `/sites/{site}`. */
  readonly path: string;
  /** Null: open to anyone. */
  readonly action: Action | null;
  /** The platform unless said otherwise. A route on a site gets the site's id as its parameter, whichever way it was named. */
  readonly on?: On;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: AnySchema;
  readonly query?: AnySchema;
  readonly body?: AnySchema;
  /** The request may come without the body that is described. */
  readonly bodyOptional?: boolean;
  /** 1 MB unless said otherwise. */
  readonly bodyLimit?: '12mb';
  /** Whether If-Match must be sent; `optional`: it may be. */
  readonly ifMatch?: true | 'optional';
  readonly status: 200 | 201 | 202 | 204;
  /** Another one that it may have, with the same answer. */
  readonly orStatus?: 202;
  readonly answer?: AnySchema;
  /** The media type of an answer that is not JSON. */
  readonly produces?: string;
  /** How long it may take, where that is more than usual. */
  readonly longestMs?: number;
  /** Goes on until one side ends it; has no time limit, and answers by itself. */
  readonly stream?: boolean;
  /** Its answer holds something that is shown once, and is never kept for an Idempotency-Key. */
  readonly shownOnce?: boolean;
  /**
   * Nothing is kept of it for an Idempotency-Key: each time it comes, it is done. For what proves who somebody is, which is
   * kept nowhere; and for handlers that ask the pool themselves: with the key's connection held meanwhile, as many at once
   * as the pool has would wait for each other until all give up.
   */
  readonly neverKept?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: see above; `route()` gives handlers their types
  readonly handle: (call: Call<any, any, any>) => Promise<Reply>;
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : Record<string, never>;

/** A route with its handler's types taken from its schemas. */
export function route<P extends AnySchema | undefined = undefined, Q extends AnySchema | undefined = undefined, B extends AnySchema | undefined = undefined>(
  definition: Omit<Route, 'params' | 'query' | 'body' | 'handle'> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly handle: (call: Call<Output<P>, Output<Q>, Output<B>>) => Promise<Reply>;
  },
): Route {
  return definition as unknown as Route;
}

/** Whether a repeated request of it is one, by its Idempotency-Key. */
export const takesKey = ({ method, stream, neverKept }: Pick<Route, 'method' | 'stream' | 'neverKept'>): boolean => method !== 'GET' && !stream && !neverKept;
