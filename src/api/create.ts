import { randomBytes } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { listen } from '../database/listen.ts';
import { ReeveError } from '../domain/errors.ts';
import { API } from '../domain/resources/links.ts';
import { createAuthenticate } from './authenticate.ts';
import type { ApiOptions, Deps } from './deps.ts';
import { serveDocs } from './docs.ts';
import { createLog } from '../log.ts';
import { createMetrics } from './metrics.ts';
import { asReeveError, sendProblem } from './problem.ts';
import { rootRoutes, routes } from './routes/index.ts';
import type { Route } from './route.ts';
import { serveRoute } from './serve-route.ts';
import { createHub } from './stream/hub.ts';
import { createPrincipals } from './principals.ts';
import { createDashboard } from '../dashboard/index.ts';
import { askFiles } from '../integrity/ask.ts';
import { integrity } from '../integrity/check.ts';

export interface Api {
  readonly app: Express;
  close(): Promise<void>;
}

/** Less than the longest that a comparison may take (routes/integrity.ts). */
const AGENT_MS = 10_000;

/** The API as an Express app; it listens nowhere yet (see serve.ts). */
export function createApi(options: ApiOptions): Api {
  const log = options.log ?? createLog({ part: 'api' });
  const hub = createHub({ pool: options.pool, url: options.config.REEVE_DATABASE_URL, log });
  const principals = createPrincipals(options.pool);
  const people = listen({
    url: options.config.REEVE_DATABASE_URL, name: 'reeve api people', channels: ['reeve_people'],
    onMessage: principals.forget, onConnect: principals.forget,
  });
  const deps: Deps = {
    ...options, log, hub, principals, metrics: createMetrics(options.pool, () => hub.size),
    integrity: integrity({ ...options, ask: askFiles(options.sitesKey, AGENT_MS) }),
  };
  const app = express();
  app.disable('x-powered-by');
  // ETags here are revs that one can send back, never hashes of bytes.
  app.disable('etag');
  app.set('trust proxy', options.config.REEVE_API_TRUSTED_PROXIES ?? 'loopback');
  app.set('query parser', 'simple');
  app.use(accompany(deps));
  serveDocs(app);
  mount(app, '', rootRoutes, deps);
  mount(app, API, routes, deps);
  app.use(createDashboard(deps, createAuthenticate(deps)));
  app.use((request) => {
    throw new ReeveError('not-found', `there is no ${request.path.slice(0, 200)} here; /docs shows what there is`);
  });
  app.use(fail(deps));
  return { app, close: async () => void (await Promise.all([hub.close(), people.close()])) };
}

/** Each path's routes, and a word to whoever uses another method on it. */
function mount(app: Express, prefix: string, all: readonly Route[], deps: Deps): void {
  const authenticate = createAuthenticate(deps);
  const verbs = new Map<string, string[]>();
  for (const route of all) {
    const path = prefix + route.path.replace(/\{(\w+)\}/g, ':$1');
    const serve = serveRoute(route, deps, authenticate);
    const method = route.method.toLowerCase() as 'get';
    app[method](path, async (request, response) => {
      response.locals.route = prefix + route.path;
      await serve(request, response);
    });
    verbs.set(path, [...(verbs.get(path) ?? []), route.method, ...(route.method === 'GET' ? ['HEAD'] : [])]);
  }
  for (const [path, allowed] of verbs) {
    app.all(path, (request, response) => {
      response.setHeader('allow', allowed.join(', '));
      throw new ReeveError('method-not-allowed', `${request.method} is not for this; ${allowed.join(', ')} ${allowed.length > 1 ? 'are' : 'is'}`);
    });
  }
}

/** A request id on every answer, a log line for what changes or fails, and the counts. */
function accompany(deps: Deps): RequestHandler {
  return (request, response, next) => {
    const began = performance.now();
    const given = request.get('x-request-id');
    const id = given && /^[\w-]{8,64}$/.test(given) ? given : randomBytes(9).toString('base64url');
    response.locals.requestId = id;
    response.setHeader('x-request-id', id);
    response.setHeader('x-content-type-options', 'nosniff');
    response.once('close', () => {
      const ms = performance.now() - began;
      const { statusCode: status } = response;
      const route = (response.locals.route as string | undefined) ?? 'none';
      deps.metrics.observe({ method: request.method, route, status, seconds: ms / 1_000 });
      if (request.method === 'GET' && status < 400) return;
      deps.log.info('request', {
        request: id, method: request.method, route, status, ms: Math.round(ms), actor: response.locals.actor,
        ...(response.locals.problem ? { problem: response.locals.problem } : {}),
      });
    });
    next();
  };
}

function fail(deps: Deps): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const known = asReeveError(error);
    response.locals.problem = known.type;
    if (known.type === 'internal') {
      const { stack, message } = (known.cause ?? known) as Error;
      deps.log.error('request failed', { request: response.locals.requestId, error: stack ?? message });
    }
    // A stream has said 200 already: all that is left is to end it short.
    if (response.headersSent) response.destroy();
    else sendProblem(response, known);
  };
}
