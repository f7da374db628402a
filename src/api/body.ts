import express, { type Request, type Response } from 'express';
import { ReeveError } from '../domain/errors.ts';

const parsers = {
  '1mb': express.json({ limit: '1mb', strict: false, type: () => true }),
  '12mb': express.json({ limit: '12mb', strict: false, type: () => true }),
};

/**
 * The request's JSON; undefined when it has no body.
 * @throws ReeveError `unsupported-media-type`, and the parser's own, which asReeveError knows
 */
export async function readBody(request: Request, response: Response, limit: keyof typeof parsers = '1mb'): Promise<unknown> {
  const empty = request.get('transfer-encoding') === undefined && Number(request.get('content-length') ?? 0) === 0;
  if (empty) return undefined;
  if (!request.is(['application/json', 'application/*+json'])) {
    throw new ReeveError('unsupported-media-type', 'send JSON, and say so: `Content-Type: application/json`');
  }
  await new Promise<void>((resolve, reject) => parsers[limit](request, response, (error?: unknown) => (error ? reject(error) : resolve())));
  return request.body as unknown;
}
