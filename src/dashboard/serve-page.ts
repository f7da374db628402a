/** The one way through which each request of a page goes. */
import type { Request, Response } from 'express';
import type { Authenticate, Authenticated } from '../api/authenticate.ts';
import type { Deps } from '../api/deps.ts';
import { timeLimit } from '../api/time-limit.ts';
import { ReeveError } from '../domain/errors.ts';
import { can } from '../domain/permission.ts';
import { address } from './address.ts';
import { type Fields, firstOf, KEY_FIELD, readForm } from './form.ts';
import type { OpenView, Page, View } from './page.ts';
import { isTheirs, refusedOf } from './refused.ts';
import { routesFor } from './routes.ts';
import { guard, redirect, send } from './show.ts';
import { visitorOf } from './visitor.ts';

/** Who is it; what does the page make of it; show that. A form that is refused is shown again with what was typed. */
export function servePage(page: Page, deps: Deps, authenticate: Authenticate) {
  return async (request: Request, response: Response): Promise<void> => {
    response.locals.route = page.path;
    guard(response);
    const limit = timeLimit(page.longestMs);
    // The form first: its CSRF token is part of who it is.
    const form = page.method === 'POST' ? await limit.during(readForm(request, response)) : {};
    const who = await limit.during(visitorOf(deps, request, response, authenticate, page.open ? null : form));
    if (!who && !page.open) {
      redirect(request, response, address('/sign-in', { next: page.method === 'GET' && request.path !== '/stream' ? request.originalUrl : undefined }));
      return;
    }
    response.locals.actor = who?.actor.id;
    response.locals.who = who;
    const view = viewOf(deps, request, response, who, form);
    try {
      send(view, await limit.during(page.handle(view as View)));
    } catch (error) {
      if (!page.from || !isTheirs(error)) throw error;
      const again = { ...view, form: {}, refused: refusedOf(error, form) };
      send(again, await limit.during(page.from.handle(again as View)));
    }
  };
}

export function viewOf(deps: Deps, request: Request, response: Response, who: Authenticated | null, form: Fields = {}): OpenView | View {
  const open: OpenView = {
    deps, request, response, who, form, params: request.params as Record<string, string>, query: firstOf(request.query),
  };
  if (!who) return open;
  return {
    ...open, who, routes: routesFor(deps, who, form[KEY_FIELD]),
    may: (action, resource = {}) => can(who.grantee, action, resource, new Date()).allowed,
    must(action, resource = {}) {
      const { allowed, why } = can(who.grantee, action, resource, new Date());
      if (!allowed) throw new ReeveError('forbidden', why, { action });
    },
  };
}
