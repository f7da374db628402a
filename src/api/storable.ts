import type { FieldError } from '../domain/errors.ts';

/** No body of ours is deeper than five; what walks a value must not be led to the end of the stack. */
const DEEPEST = 32;

/**
 * Texts in a request that Postgres cannot hold, each with where it is: a zero byte, or half of a surrogate pair. Looked
 * for once here, so that no field of any route can bring one as far as a query.
 */
export function unstorable(value: unknown, path: readonly string[] = []): FieldError[] {
  const at = (message: string): FieldError[] => [{ path: path.map((part) => part.toWellFormed().replaceAll('\0', '�')).join('.'), message }];
  if (typeof value === 'string') {
    if (value.includes('\0')) return at('holds no zero byte');
    return value.isWellFormed() ? [] : at('must be whole unicode characters');
  }
  if (typeof value !== 'object' || value === null) return [];
  if (path.length >= DEEPEST) return [{ path: path.slice(0, 3).join('.'), message: 'is nested too deeply' }];
  return Object.entries(value).flatMap(([key, each]) => [...unstorable(key, path), ...unstorable(each, [...path, key])]).slice(0, 20);
}
