import { randomBytes } from 'node:crypto';
import { type IdKind, makeId } from '../domain/id.ts';

/** A new id of that kind. */
export function newId(kind: IdKind): string {
  return makeId(kind, randomBytes(9));
}
