/**
 * The one map of errors: a type, its HTTP status and exit code, and whether trying again could help. Errors are values
 * with a type and fields, turned into words at the border, never matched by their text.
 */
export const ERRORS = {
  'bad-request': { status: 400, exit: 2, retry: false, title: 'The request cannot be read' },
  'invalid': { status: 422, exit: 2, retry: false, title: 'Some values are not valid' },
  'unauthenticated': { status: 401, exit: 3, retry: false, title: 'Sign in first' },
  'forbidden': { status: 403, exit: 3, retry: false, title: 'You may not do this' },
  'not-found': { status: 404, exit: 4, retry: false, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, exit: 2, retry: false, title: 'This cannot be done here' },
  'unsupported-media-type': { status: 415, exit: 2, retry: false, title: 'The body must be JSON' },
  'exists': { status: 409, exit: 5, retry: false, title: 'It exists already' },
  'busy': { status: 409, exit: 5, retry: true, title: 'Other work holds this' },
  'conflict': { status: 409, exit: 5, retry: false, title: 'Its state does not allow this' },
  'approval-needed': { status: 409, exit: 6, retry: false, title: 'This waits for an approval' },
  'stale': { status: 412, exit: 5, retry: false, title: 'It has changed since you read it' },
  'precondition-missing': { status: 428, exit: 2, retry: false, title: 'Say which version you mean' },
  'too-large': { status: 413, exit: 2, retry: false, title: 'The body is too large' },
  'rate-limited': { status: 429, exit: 7, retry: true, title: 'Too many requests' },
  'superseded': { status: 409, exit: 5, retry: false, title: 'Its subject changed meanwhile' },
  'codebase-refused': { status: 422, exit: 8, retry: false, title: 'The codebase cannot be used' },
  'not-converged': { status: 504, exit: 9, retry: true, title: 'Not every container followed in time' },
  'step-failed': { status: 500, exit: 9, retry: false, title: 'A step failed' },
  'read-failed': { status: 503, exit: 7, retry: true, title: 'The platform’s state cannot be read whole' },
  'unavailable': { status: 503, exit: 7, retry: true, title: 'A part of the platform is away' },
  'internal': { status: 500, exit: 1, retry: false, title: 'Something went wrong inside Reeve' },
} as const;

export type ErrorType = keyof typeof ERRORS;

/** One field's complaint; `path` as in the body, e.g. `settings.processes`. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface ErrorFields {
  /** The run that holds a busy subject, or that did the failing. */
  readonly run?: string;
  readonly subject?: string;
  readonly errors?: readonly FieldError[];
  readonly [name: string]: unknown;
}

/** An error with a type from the map, words for people, and fields for programs. Never carries a secret. */
export class ReeveError extends Error {
  readonly type: ErrorType;
  readonly fields: ErrorFields;
  constructor(type: ErrorType, message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ReeveError';
    this.type = type;
    this.fields = fields;
  }
}

/** Whether this is a ReeveError (of that type). */
export function isReeveError(error: unknown, type?: ErrorType): error is ReeveError {
  return error instanceof ReeveError && (type === undefined || error.type === type);
}
