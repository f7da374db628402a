/**
 * The one map between our errors and Temporal's: a ReeveError leaves an activity as an ApplicationFailure with the
 * same type, and comes back out of a workflow as type and words. Also part of the workflow bundle.
 */
import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import { ERRORS, type ErrorFields, type ErrorType, isReeveError, ReeveError } from '../domain/errors.ts';

/** What a run's row says of its failure. */
export interface RunError {
  readonly type: ErrorType;
  readonly message: string;
}

/** Of an error that no one foresaw, this many attempts: it may be a disk or a socket, or a fault in the code. */
const ATTEMPTS_OF_UNKNOWN = 4;

/** A run's message is shown in tables; the whole stays in the workflow's history. */
const LONGEST_MESSAGE = 2_000;

/**
 * An activity's error as it enters the workflow's history. Types whose `retry` is false are not tried again.
 * @param attempt counts from 1
 */
export function toFailure(error: unknown, attempt: number): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (isReeveError(error)) {
    return ApplicationFailure.create({
      type: error.type, message: error.message, nonRetryable: !ERRORS[error.type].retry, details: [error.fields],
    });
  }
  // An abort is how a cancelled activity's own awaits end.
  if (error instanceof Error && error.name === 'AbortError') return new CancelledFailure(error.message);
  return ApplicationFailure.create({
    type: 'internal', message: error instanceof Error ? error.message : String(error),
    nonRetryable: attempt >= ATTEMPTS_OF_UNKNOWN, cause: error instanceof Error ? error : undefined,
  });
}

/** What went wrong, in our types, from whatever a workflow caught. */
export function fromFailure(error: unknown): RunError & { fields: ErrorFields } {
  if (error instanceof ActivityFailure && error.cause) {
    const inner = fromFailure(error.cause);
    return error.cause instanceof TimeoutFailure
      ? { ...inner, message: `${error.activityType}: ${inner.message}` } : inner;
  }
  if (error instanceof CancelledFailure) return { type: 'conflict', message: error.message, fields: {} };
  if (error instanceof TimeoutFailure) {
    // The last attempt's own failure says more than that time ran out.
    if (error.cause instanceof ApplicationFailure) return fromFailure(error.cause);
    return { type: 'unavailable', message: 'it did not answer in time', fields: {} };
  }
  if (error instanceof ApplicationFailure) {
    const type = error.type && error.type in ERRORS ? (error.type as ErrorType) : 'internal';
    return { type, message: cut(error.message), fields: (error.details?.[0] as ErrorFields | undefined) ?? {} };
  }
  if (error instanceof ReeveError) return { type: error.type, message: cut(error.message), fields: error.fields };
  return { type: 'internal', message: cut(error instanceof Error ? error.message : String(error)), fields: {} };
}

/** A failure of the workflow's own, with a type: a plain Error would only have its task retried for ever. */
export function failure(type: ErrorType, message: string, fields: ErrorFields = {}): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: [fields] });
}

function cut(message: string): string {
  return message.length <= LONGEST_MESSAGE ? message : `…${message.slice(-LONGEST_MESSAGE)}`;
}
