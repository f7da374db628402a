/**
 * The dashboard: pages rendered on the server, in the API's process, at `/`.
 *
 * To add a page:
 * 1. `pages/<name>.ts` exports `page({ path, handle })` (a GET) and `action({ path, from, handle })` (what a form does);
 *    list them in `pages/index.ts`.
 * 2. `handle(view)` asks the API's routes in this process (`view.routes.get('/sites/{site}', { params })`), so that a page
 *    can do nothing that a route does not, with the same permission check. What it needs and no route gives gets a route.
 * 3. It returns `{ template, title, data }`, where `templates/dashboard/<template>.hbs` is the contents of `<main>`.
 *    Data are the template's names; `shell.…` (csrf, key, here, query, me) is everywhere, `@root.shell.…` inside `{{#each}}`.
 * 4. Forms are `<form method="post" action="…">{{> form}} … </form>`: the part holds the CSRF token and the key that makes a
 *    form that is sent twice one. Fields are `{{> field name="…" label="…"}}`. An action returns `{ redirect: '/…' }` (303), with
 *    words if it needs them: `saying('saved', '/…')`. What the route refuses is shown in the page `from`, beside its field.
 * 5. `view.may('site:delete', { site })` decides whether a button is there. The route asks again.
 * 6. `data-live` and an id on an element keep it as new as the platform (assets/js/live.js); forms stay outside of them.
 *    `data-every="1000"` also looks again after so many milliseconds, for what no event tells.
 * 7. Parts (templates/dashboard/parts): head, form, field, select, notice, empty, paging, filters, steps, facts, confirm.
 *    Helpers (html.ts): badge, icon, time, moment, duration, ms, bytes, number, count, sparkline, part, eq, …
 * There is no triple brace and no inline style or script: the policy forbids the latter, a test the former.
 */
import { type ErrorRequestHandler, Router } from 'express';
import type { Authenticate } from '../api/authenticate.ts';
import type { Deps } from '../api/deps.ts';
import { ReeveError } from '../domain/errors.ts';
import { sendAsset } from './assets.ts';
import { sendErrorPage } from './error-page.ts';
import { all } from './pages/index.ts';
import { servePage } from './serve-page.ts';
import { guard } from './show.ts';

/** All pages and assets. What is no page of it and no browser asks for goes on to whatever comes next. */
export function createDashboard(deps: Deps, authenticate: Authenticate): Router {
  const router = Router();
  router.get('/assets/:name', (request, response) => {
    response.locals.route = '/assets/{name}';
    sendAsset(request, response);
  });
  router.get('/favicon.ico', (_request, response) => void response.status(204).end());
  for (const page of all) {
    const method = page.method.toLowerCase() as 'get' | 'post';
    router[method](page.path.replace(/\{(\w+)\}/g, ':$1'), servePage(page, deps, authenticate));
  }
  router.use((request, response, next) => {
    if (request.accepts(['json', 'html']) !== 'html' || /^\/(api|docs)\//.test(request.path)) return next();
    guard(response);
    throw new ReeveError('not-found', `there is no page ${request.path.slice(0, 200)}`);
  });
  const fail: ErrorRequestHandler = (error, request, response, next) => {
    if (response.headersSent) next(error);
    else sendErrorPage(error, { deps, request, response });
  };
  router.use(fail);
  return router;
}
