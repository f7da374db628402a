/** Everything that goes wrong, as application/problem+json (RFC 9457). Never a stack, never a secret. */
import type { Response } from 'express';
import type { ZodError } from 'zod';
import { fromPostgres } from '../database/errors.ts';
import { ERRORS, type FieldError, ReeveError } from '../domain/errors.ts';
import { hrefOf } from '../domain/resources/links.ts';

/** The error as one of ours; what is unknown is `internal`, with nothing of its own words. */
export function asReeveError(error: unknown): ReeveError {
  const known = fromPostgres(error);
  if (known instanceof ReeveError) return known;
  const { type, status } = (known ?? {}) as { type?: string; status?: number };
  if (type === 'entity.too.large') return new ReeveError('too-large', 'the body is too large: 1 MB is the most (12 MB for exec)', {}, error);
  if (type === 'entity.parse.failed') return new ReeveError('bad-request', 'the body is not JSON', {}, error);
  if (type === 'encoding.unsupported' || type === 'charset.unsupported') {
    return new ReeveError('unsupported-media-type', 'the body is JSON in UTF-8, plain or compressed by gzip, deflate or br', {}, error);
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new ReeveError('bad-request', 'the request cannot be read', {}, error);
  }
  return new ReeveError('internal', 'something went wrong inside Reeve; its log has more, under this request id', {}, error);
}

/** One complaint a field, with its path as in the body. */
export function fieldErrors(error: ZodError): FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({ path: path ? `${path}.${key}` : key, message: 'there is no such field' }));
  });
}

/** @throws ReeveError with one complaint a field: `invalid` for a body, `bad-request` for a query or path */
export function throwInvalid(type: 'invalid' | 'bad-request', what: string, error: ZodError): never {
  const errors = fieldErrors(error);
  const words = errors.slice(0, 3).map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
  throw new ReeveError(type, `${what}: ${words}${errors.length > 3 ? `; and ${errors.length - 3} more` : ''}`, { errors });
}

/** The body of a problem. */
export function problemOf(error: ReeveError, requestId: string): Record<string, unknown> {
  const { status, title } = ERRORS[error.type];
  const { run } = error.fields;
  return {
    ...error.fields,
    ...(run ? { href: hrefOf.run(run) } : {}),
    type: `/problems/${error.type}`, title, status, detail: error.message, requestId,
  };
}

export function sendProblem(response: Response, error: ReeveError): void {
  const { status, retry } = ERRORS[error.type];
  if (error.type === 'unauthenticated') response.setHeader('www-authenticate', 'Bearer realm="reeve"');
  if (retry && !response.hasHeader('retry-after')) response.setHeader('retry-after', '1');
  response.status(status);
  response.setHeader('content-type', 'application/problem+json; charset=utf-8');
  response.end(JSON.stringify(problemOf(error, response.locals.requestId as string)));
}
