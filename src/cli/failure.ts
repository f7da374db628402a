/** Errors as people and programs meet them: one line, or problem JSON; and an exit code by kind. */
import { InvalidArgumentError } from 'commander';
import { ERRORS, isReeveError, ReeveError } from '../domain/errors.ts';
import { clean } from './output/clean.ts';
import type { Terminal } from './output/terminal.ts';

/** The person stopped waiting; the run goes on. Exit code 130, as for any Ctrl-C. */
export class Detached extends Error {
  override readonly name = 'Detached';
}

/** A command in a site ended with this code, which becomes ours. */
export class Exited extends Error {
  override readonly name = 'Exited';
  readonly code: number;
  constructor(code: number) {
    super(`the command ended with ${code}`);
    this.code = code;
  }
}

/** Say what went wrong, on stderr, and give the exit code. */
export function reportFailure(error: unknown, terminal: Pick<Terminal, 'json' | 'paintNote'>): number {
  if (error instanceof Exited) return error.code;
  if (error instanceof Detached) {
    if (error.message) process.stderr.write(`${error.message}\n`);
    return 130;
  }
  const known = isReeveError(error) ? error
    : error instanceof InvalidArgumentError ? new ReeveError('bad-request', error.message)
    : new ReeveError('internal', describe(error), {}, error);
  process.stderr.write(terminal.json ? `${JSON.stringify(problem(known), null, 2)}\n` : `${clean(words(known, terminal))}\n`);
  if (process.env.REEVE_DEBUG) process.stderr.write(`${known.stack}\n${String(known.cause ?? '')}\n`);
  return ERRORS[known.type].exit;
}

/** The error as the API would have said it (RFC 9457). */
export function problem(error: ReeveError): Record<string, unknown> {
  const { status, title } = ERRORS[error.type];
  return { type: `/problems/${error.type}`, title, status, detail: error.message, ...error.fields };
}

function words(error: ReeveError, terminal: Pick<Terminal, 'paintNote'>): string {
  const lines = [`${terminal.paintNote('red', 'reeve:')} ${error.message}`];
  for (const { path, message } of error.fields.errors ?? []) {
    const line = path ? `${path}: ${message}` : message;
    if (!error.message.includes(message)) lines.push(`  ${line}`);
  }
  if (typeof error.fields.tail === 'string') lines.push(...error.fields.tail.split('\n').map((line) => `  | ${line}`));
  if (error.type === 'busy' && error.fields.run) lines.push(`  see what holds it: reeve run watch ${error.fields.run}`);
  if (error.type === 'approval-needed' && error.fields.approval) lines.push(`  to approve it: reeve approval approve ${error.fields.approval}`);
  return lines.join('\n');
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.message || error.name} (REEVE_DEBUG=1 shows more)` : String(error);
}
