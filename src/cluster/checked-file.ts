import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { ReeveError } from '../domain/errors.ts';

/** A path that may reach uWSGI's files, which expand much and offer no escape. */
export const safePath = z.string().refine((text) => isAbsolute(text) && /^[A-Za-z0-9._/-]+$/.test(text),
  'must be an absolute path of letters, digits and . _ / -');

/**
 * A driver's JSON file, in its schema's shape.
 * @throws ReeveError `invalid` when it cannot be read, or that names each field that is missing or wrong
 */
export function readCheckedFile<T>(file: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ReeveError('invalid', `${file} cannot be read: ${(error as Error).message}`, {}, error);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new ReeveError('invalid', `${file}: ${errors.map((e) => `${e.path}: ${e.message}`).join('; ')}`, { errors });
}
