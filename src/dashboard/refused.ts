/** A form that came back: what was in it, and what was wrong. */
import { ERRORS, isReeveError, type ReeveError } from '../domain/errors.ts';
import type { Fields } from './form.ts';

export interface Refused {
  readonly status: number;
  readonly title: string;
  readonly message: string;
  /** By field, as the form names it. */
  readonly fields: Readonly<Record<string, string>>;
  readonly values: Fields;
  /** Where to read on: the run that holds it, or the approval that it waits for. */
  readonly href: string | null;
}

/** Types that the person who filled in the form can do something about; others are pages of their own. */
const THEIRS: ReadonlySet<string> = new Set([
  'bad-request', 'invalid', 'exists', 'busy', 'conflict', 'approval-needed', 'stale', 'superseded', 'too-large', 'rate-limited', 'codebase-refused',
  'forbidden', 'unauthenticated',
  // Of what the form names; where it is what the address names, the page that is shown again is not there either.
  'not-found',
]);

export const isTheirs = (error: unknown): error is ReeveError => isReeveError(error) && THEIRS.has(error.type);

/** Secrets that were typed are typed again: no page carries them back. */
const NEVER_SHOWN = /^_|password|secret|token|code|^(value|current)$/i;

export function refusedOf(error: ReeveError, form: Fields): Refused {
  const { status, title } = ERRORS[error.type];
  const fields: Record<string, string> = {};
  for (const { path, message } of error.fields.errors ?? []) {
    // Of a list, e.g. `sites.0`, which is one field of the form.
    for (const name of [path, path.replace(/\..*/, '')]) fields[name] ??= sentence(message);
  }
  if (error.type === 'not-found') for (const name of naming(error, form)) fields[name] ??= sentence(error.message);
  return {
    status, title, message: sentence(error.message), fields, href: hrefOf(error),
    values: Object.fromEntries(Object.entries(form).filter(([name]) => !NEVER_SHOWN.test(name))),
  };
}

/** The fields in which stands what is not there, alone or as a line. */
function naming({ fields }: ReeveError, form: Fields): string[] {
  const missing = new Set(Object.values(fields).filter((value) => typeof value === 'string'));
  return Object.entries(form).filter(([, text]) => text.split(/\n/).some((line) => line.trim() !== '' && missing.has(line.trim()))).map(([name]) => name);
}

function hrefOf({ fields }: ReeveError): string | null {
  if (typeof fields.run === 'string') return `/runs/${fields.run}`;
  if (typeof fields.approval === 'string') return `/approvals/${fields.approval}`;
  return null;
}

/** `must be …` → `Must be ….`, since errors are parts of sentences where programs read them; `site:update takes …` keeps its name. */
export function sentence(text: string): string {
  const whole = text.trim();
  if (whole === '') return whole;
  const first = /^[a-z-]+:[a-z]/.test(whole) ? whole[0]! : whole[0]!.toUpperCase();
  return `${first}${whole.slice(1)}${/[.!?…]$/.test(whole) ? '' : '.'}`;
}
