/** A problem as a page: the same type, words and request id as the API's. */
import type { Request, Response } from 'express';
import type { Authenticated } from '../api/authenticate.ts';
import type { Deps } from '../api/deps.ts';
import { asReeveError } from '../api/problem.ts';
import { ERRORS } from '../domain/errors.ts';
import { sentence } from './refused.ts';
import { send } from './show.ts';

/** What one can do about it, where the words alone leave that open. */
const ADVICE: Partial<Record<string, string>> = {
  'not-found': 'It may have been removed, or you may not see it.',
  forbidden: 'Somebody who may can give you a role for it, under People.',
  unavailable: 'Sites keep being served meanwhile. This page will work again when that part is back.',
  'read-failed': 'Sites keep being served meanwhile. Try again in a moment.',
};

export function sendErrorPage(error: unknown, { deps, request, response }: { deps: Deps; request: Request; response: Response }): void {
  const known = asReeveError(error);
  response.locals.problem = known.type;
  if (known.type === 'internal') {
    const { stack, message } = (known.cause ?? known) as Error;
    deps.log.error('page failed', { request: response.locals.requestId, error: stack ?? message });
  }
  const { status, title, retry } = ERRORS[known.type];
  if (retry && !response.hasHeader('retry-after')) response.setHeader('retry-after', '1');
  const who = (response.locals.who as Authenticated | null | undefined) ?? null;
  send({ deps, request, response, who, form: {}, params: {}, query: {} }, {
    template: 'error', title, status,
    data: { status, heading: title, detail: sentence(known.message), advice: ADVICE[known.type], requestId: response.locals.requestId as string, retry },
  });
}
