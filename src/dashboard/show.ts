/** A page as it is sent: its template in the layout, or alone where only a part of it is looked at again. */
import type { Request, Response } from 'express';
import { csrfOf } from '../api/authenticate.ts';
import { newFormKey } from './form.ts';
import { render } from './html.ts';
import { navFor } from './nav.ts';
import type { OpenView, PageReply, Shown } from './page.ts';
import { saidIn } from './said.ts';

/** Everything from here: no inline script or style, and nobody frames it. */
const POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'", "form-action 'self'",
  "frame-ancestors 'none'", "base-uri 'none'",
].join('; ');

export function guard(response: Response): void {
  response.setHeader('content-security-policy', POLICY);
  response.setHeader('referrer-policy', 'same-origin');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cache-control', 'no-store');
}

/** htmx and live.js ask for a page this way when they need its contents alone. */
export const wantsPart = (request: Request): boolean => request.get('hx-request') === 'true';

export function send(view: OpenView, reply: PageReply): void {
  const { request, response } = view;
  if ('answered' in reply || response.headersSent) return;
  if ('redirect' in reply) {
    redirect(request, response, reply.redirect);
    return;
  }
  const body = htmlOf(view, reply);
  response.status(reply.status ?? view.refused?.status ?? 200);
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('vary', 'hx-request');
  response.end(body);
}

/** A 303, in the form that htmx follows as a whole page when it was htmx that asked. */
export function redirect(request: Request, response: Response, to: string): void {
  if (wantsPart(request)) {
    response.setHeader('hx-redirect', to);
    response.status(204).end();
    return;
  }
  response.redirect(303, to);
}

function htmlOf(view: OpenView, { template, title, data = {} }: Shown): string {
  const { request, who } = view;
  const root = {
    ...data,
    refused: view.refused,
    now: new Date(),
    shell: {
      title, csrf: who ? csrfOf(view.deps.peopleKey, who) : '', key: newFormKey(), here: request.originalUrl, path: request.path, query: view.query,
      me: who ? { name: who.actor.name, kind: who.actor.kind } : null,
      nav: who ? navFor(who.grantee, request.path) : [],
      said: saidIn(view.query.said),
    },
  };
  const content = render(template, root);
  return wantsPart(request) ? content : render('layout', { ...root, content });
}
