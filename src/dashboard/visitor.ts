/** Who looks at a page. */
import type { Request, Response } from 'express';
import { type Authenticate, type Authenticated, CSRF_HEADER, requireCsrf, sessionOf } from '../api/authenticate.ts';
import type { Deps } from '../api/deps.ts';
import { isReeveError } from '../domain/errors.ts';
import { CSRF_FIELD, type Fields } from './form.ts';

/**
 * Whose session the browser shows; null when nobody is signed in, which is no failed attempt, and is not counted as one. A
 * form of theirs carries the CSRF token of the session, as a field or, where htmx sends it, as a header. Programs may
 * show a token instead.
 * @param form null where the page is for anyone and its form is guarded otherwise
 * @throws ReeveError `forbidden` for a form without its CSRF token, `rate-limited`, `unavailable`
 */
export async function visitorOf(deps: Deps, request: Request, response: Response, authenticate: Authenticate, form: Fields | null): Promise<Authenticated | null> {
  if (request.get('authorization') !== undefined) {
    try {
      return await authenticate(request, response);
    } catch (error) {
      if (isReeveError(error, 'unauthenticated')) return null;
      throw error;
    }
  }
  const who = await sessionOf(deps, request);
  if (who && form && request.method === 'POST') requireCsrf(deps.peopleKey, who, form[CSRF_FIELD] ?? request.get(CSRF_HEADER));
  return who;
}
