/** What a route does, apart from how it was asked: the API's requests and the dashboard's pages go through here. */
import type { Request, Response } from 'express';
import { ReeveError } from '../domain/errors.ts';
import { can, type Grantee, reach } from '../domain/permission.ts';
import type { Authenticated } from './authenticate.ts';
import { ApprovalNeeded } from './ask-approval.ts';
import type { Deps } from './deps.ts';
import { keyed, type Kept, once } from './idempotency.ts';
import { requireIfMatch, revOf } from './if-match.ts';
import { throwInvalid } from './problem.ts';
import { resourceOf } from './resource-of.ts';
import { type AnySchema, type Call, type Reply, type Route, takesKey } from './route.ts';
import { unstorable } from './storable.ts';

/** A request as it came; the route's own schemas check it. */
export interface Asked {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** The same where it comes over HTTP: its body is read once it is known that the actor may. */
export interface AskedOverHttp extends Omit<Asked, 'body'> {
  readBody(): Promise<unknown>;
  /** Told, once they are permitted, how to say what anyone may read of this: for a stream, which outlives the asking. */
  permitted?(standing: (grantee: Grantee) => string): void;
  readonly request: Request;
  readonly response: Response;
}

export interface Invoked extends Reply {
  /** What the answer has, also where the route left it to its definition. */
  readonly status: number;
  /** It was done before, under the same key: this is the answer of then. */
  readonly replayed: boolean;
}

/**
 * Do in this process what a request of that route would, with the same checks: permission, form, If-Match, once for its
 * key, and the run handed on after the commit.
 * @throws ReeveError as the route does; `method-not-allowed` for a stream, which only HTTP can carry
 */
export async function invoke(route: Route, deps: Deps, who: Authenticated, { body, ...asked }: Asked = {}): Promise<Invoked> {
  if (route.stream) throw new ReeveError('method-not-allowed', `${route.method} ${route.path} is a stream: ask for it over HTTP`);
  return await perform(route, deps, who, { ...asked, readBody: async () => body });
}

/** What changes who may do what: nothing that was believed before is believed after it. */
const PEOPLE = /^(user|team|role|grant|session|token|me):/;

/** May they, is it well formed; then do it, once; then hand its run on. */
export async function perform(route: Route, deps: Deps, who: Authenticated, asked: Omit<AskedOverHttp, 'request' | 'response'> & Partial<AskedOverHttp>): Promise<Invoked> {
  const permit: Call<never, never, never>['permit'] = (action, resource) => {
    const { allowed, why } = can(who.grantee, action, resource, new Date());
    if (!allowed) throw new ReeveError('forbidden', why, { action });
  };
  const sites = permittedSites(route, who);
  const params = (checked(route.params, asked.params ?? {}, 'bad-request', 'the address') ?? {}) as Record<string, string>;
  const query = (checked(route.query, asked.query ?? {}, 'bad-request', 'the query', true) ?? {}) as Record<string, string>;
  const raw = route.method === 'GET' ? undefined : await asked.readBody();
  const body = checkBody(route, raw);
  const ifMatch = route.ifMatch === true ? requireIfMatch(asked.ifMatch) : route.ifMatch ? asked.ifMatch : undefined;

  const { request, response } = asked as AskedOverHttp;
  const handle = async (db: Call<never, never, never>['db']) => {
    const { on = 'platform' } = route;
    if (on !== 'platform' && on !== 'any' && on !== 'self') {
      const resource = await resourceOf(db, who.grantee, on, params[on] ?? query[on]!);
      permit(route.action!, resource);
      if (on === 'site') params.site = resource.site!;
      asked.permitted?.((grantee) => String(can(grantee, route.action!, resource, new Date()).allowed));
    } else {
      asked.permitted?.((grantee) => String(reach(grantee, route.action!, new Date())));
    }
    const seenSite = async (idOrName: string) => (await resourceOf(db, who.grantee, 'site', idOrName)).site!;
    return await route.handle({
      deps, db, ...who, params, query, body, ifMatch, sites, permit, request, response,
      seen: async (kind, named) => (await resourceOf(db, who.grantee, kind, named)).site ?? null,
      seenSite,
      shownSites: async (asked) => (asked === undefined ? sites : [await seenSite(asked)].filter((id) => sites === undefined || sites.includes(id))),
      asking: (more) => ({ db, actor: who.actor, rev: revOf(ifMatch), ...more }),
    });
  };
  const key = takesKey(route) ? asked.idempotencyKey : undefined;
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => String(asked.params?.[name]));
  const work: Promise<Reply | Kept> = key === undefined
    ? handle(deps.pool)
    : once(deps.pool, keyed(deps.peopleKey, key, who.actor.id, { method: route.method, path, body: raw, shownOnce: route.shownOnce === true }), handle);
  const reply = await work.catch(async (error: unknown) => { throw error instanceof ApprovalNeeded ? await error.asked(deps.pool) : error; });
  const replayed = (reply as Partial<Kept>).replayed === true;
  if (PEOPLE.test(route.action ?? '') && route.method !== 'GET') deps.principals.forget();
  if (reply.run !== undefined && !replayed) deps.startRun?.(reply.run);
  return { ...reply, status: reply.status ?? route.status, replayed };
}

/**
 * Whether they may at all, before anything is looked at: on the platform, or somewhere.
 * @returns of a list, the sites that it shows; undefined for all
 * @throws ReeveError `forbidden`
 */
function permittedSites({ action, on = 'platform' }: Route, { grantee }: Authenticated): readonly string[] | undefined {
  if (action === null) return undefined;
  if (on === 'self') {
    if (grantee.limit?.actions && !grantee.limit.actions.has(action)) throw new ReeveError('forbidden', `${grantee.limit.name} was not made for ${action}`, { action });
    return undefined;
  }
  const now = new Date();
  const where = on === 'platform' ? [] : reach(grantee, action, now);
  if (where !== 'everywhere' && where.length === 0) {
    const { allowed, why } = can(grantee, action, {}, now);
    if (!allowed) throw new ReeveError('forbidden', why, { action });
  }
  return on === 'any' && where !== 'everywhere' ? where : undefined;
}

function refuseUnstorable(given: unknown, type: 'invalid' | 'bad-request', what: string): void {
  const errors = unstorable(given);
  if (errors.length > 0) throw new ReeveError(type, `${what}: ${errors.map(({ path, message }) => `${path} ${message}`).join('; ')}`, { errors });
}

function checked(schema: AnySchema | undefined, given: unknown, type: 'invalid' | 'bad-request', what: string, strict = false): unknown {
  refuseUnstorable(given, type, what);
  if (!schema) {
    if (strict && Object.keys(given as object).length > 0) {
      throw new ReeveError('bad-request', `${what} has nothing to say here: ${Object.keys(given as object).slice(0, 3).join(', ')}`);
    }
    return undefined;
  }
  const parsed = schema.safeParse(given);
  return parsed.success ? parsed.data : throwInvalid(type, what, parsed.error);
}

function checkBody(route: Route, raw: unknown): unknown {
  if (!route.body) {
    // `{}` is what a client sends that always sends JSON.
    if (raw === undefined || (typeof raw === 'object' && raw !== null && Object.keys(raw).length === 0)) return undefined;
    throw new ReeveError('invalid', 'this takes no body', { errors: Object.keys(Object(raw)).slice(0, 20).map((path) => ({ path, message: 'there is no such field' })) });
  }
  if (raw === undefined && !route.bodyOptional) throw new ReeveError('bad-request', 'this needs a body: JSON');
  return checked(route.body, raw === undefined ? {} : raw, 'invalid', 'the body');
}
