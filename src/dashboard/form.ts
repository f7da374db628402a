/** What a form sent. Values are text, as typed; a page makes of them what its route takes. */
import { randomBytes } from 'node:crypto';
import express, { type Request, type Response } from 'express';
import { unstorable } from '../api/storable.ts';
import { ReeveError } from '../domain/errors.ts';

/** Each field's first value, its lines ended as they were typed. A box that is not ticked is not there. */
export type Fields = Readonly<Record<string, string>>;

/** Sent with each form: whoever the session is of has asked for it, and which rendering of the form it is. */
export const CSRF_FIELD = '_csrf';
export const KEY_FIELD = '_key';

const parse = express.urlencoded({ extended: false, limit: '1mb', parameterLimit: 500 });

/** The form of a POST; also left in `request.body`, where authentication looks for the CSRF token. @throws ReeveError `invalid` for what no database can hold */
export async function readForm(request: Request, response: Response): Promise<Fields> {
  if (!request.is('application/x-www-form-urlencoded')) {
    throw new ReeveError('unsupported-media-type', 'a page takes forms; programs use the API, see /docs');
  }
  await new Promise<void>((resolve, reject) => parse(request, response, (error?: unknown) => (error ? reject(error) : resolve())));
  const [first] = unstorable(request.body);
  if (first) throw new ReeveError('invalid', `the form cannot be kept: ${first.path} ${first.message}`, { errors: [first] });
  return firstOf(request.body as Record<string, unknown>);
}

export function firstOf(given: Readonly<Record<string, unknown>>): Record<string, string> {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(given)) {
    const first = Array.isArray(value) ? value[0] : value;
    // Browsers send what has lines with \r\n between them, whoever typed it.
    if (typeof first === 'string') fields[name] = first.replaceAll('\r\n', '\n');
  }
  return fields;
}

/** One rendering of a form: sent twice, it is done once. */
export const newFormKey = (): string => `form-${randomBytes(12).toString('base64url')}`;

/** The text, or undefined when nothing but blanks was typed. */
export function typed(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}

/**
 * That the name of what is taken away was typed in the field `confirm`; blanks around it do not count.
 * @param refused what is said otherwise, e.g. `nothing was done: the name does not match`
 * @param more.anyCase for a name that has no capitals, however it was typed
 * @throws ReeveError `invalid`, at that field
 */
export function requireTyped({ confirm }: Fields, name: string, refused: string, { anyCase = false } = {}): void {
  const given = typed(confirm);
  if ((anyCase ? given?.toLowerCase() : given) === name) return;
  throw new ReeveError('invalid', refused, { errors: [{ path: 'confirm', message: `must be ${name}` }] });
}

/** A moment of a `datetime-local` field, which says UTC beside it, as the API takes it; undefined when left empty. @throws ReeveError `invalid`, at that field */
export function momentIn(form: Fields, name: string): string | undefined {
  const given = typed(form[name]);
  if (given === undefined) return undefined;
  const at = new Date(`${given}Z`);
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(given) && !Number.isNaN(at.getTime())) return at.toISOString();
  throw new ReeveError('invalid', 'the end is no moment', { errors: [{ path: name, message: 'must be a day and a time' }] });
}

/** A number as typed; what is none stays text, so that the route's own check says so. */
export function numeric(text: string | undefined): number | string | undefined {
  const given = typed(text);
  return given === undefined ? undefined : /^-?\d+(\.\d+)?$/.test(given) ? Number(given) : given;
}
