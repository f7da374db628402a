/** The one way through which each request of a route goes. */
import type { Request, Response } from 'express';
import { hrefOf } from '../domain/resources/links.ts';
import type { Authenticate, Authenticated } from './authenticate.ts';
import { readBody } from './body.ts';
import type { Deps } from './deps.ts';
import { type Invoked, perform } from './invoke.ts';
import type { Route } from './route.ts';
import { endWhenRefused } from './stream/still-permitted.ts';
import { timeLimit } from './time-limit.ts';

const NOBODY: Authenticated = {
  actor: { kind: 'system', id: 'anyone', name: 'anyone' },
  grantee: { name: 'anyone', grants: [] },
  user: null, session: null,
};

/** The handler of one route: who is it; then what the route does; then answer. */
export function serveRoute(route: Route, deps: Deps, authenticate: Authenticate) {
  return async (request: Request, response: Response): Promise<void> => {
    const limit = timeLimit(route.longestMs);
    const who = route.action === null ? NOBODY : await limit.during(authenticate(request, response));
    response.locals.actor = who.actor.id;
    // What comes too late to be answered is still done, and its run handed on.
    const work = perform(route, deps, who, {
      params: request.params, query: request.query as Record<string, string>, ifMatch: request.get('if-match'),
      idempotencyKey: route.method === 'POST' ? request.get('idempotency-key') : undefined, readBody: () => readBody(request, response, route.bodyLimit), request, response,
      ...(route.stream ? { permitted: (standing) => endWhenRefused(deps, request, response, who.grantee, standing) } : {}),
    });
    if (route.stream) await work;
    else answer(response, await limit.during(work));
  };
}

function answer(response: Response, reply: Invoked): void {
  if (response.headersSent || response.destroyed) return;
  response.status(reply.status);
  if (reply.etag !== undefined) response.setHeader('etag', `"${reply.etag}"`);
  if (reply.run !== undefined) response.setHeader('location', hrefOf.run(reply.run));
  if (reply.replayed) response.setHeader('idempotent-replayed', 'true');
  response.setHeader('cache-control', 'no-store');
  if (reply.body === undefined) {
    response.end();
    return;
  }
  response.setHeader('content-type', reply.type ?? 'application/json; charset=utf-8');
  response.end(reply.type === undefined ? JSON.stringify(reply.body) : (reply.body as string));
}
