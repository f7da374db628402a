import type { RunId } from '../../domain/id.ts';
import { locksFor, type RunInputs, type RunType, subjectOf } from '../../domain/run.ts';
import type { RunRequest } from '../change.ts';
import { newId } from '../new-id.ts';

/** A run to ask for: with a fresh id, and the locks and subject that its type and input mean. */
export function newRequest<Type extends RunType>(type: Type, input: RunInputs[Type]): RunRequest & { id: RunId } {
  const site = (input as { site?: string }).site;
  return {
    id: newId('w'),
    type,
    subject: subjectOf(type, input),
    ...(site === undefined ? {} : { site }),
    input: input as Record<string, unknown>,
    locks: locksFor(type, input),
  };
}
