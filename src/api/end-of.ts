import { ReeveError } from '../domain/errors.ts';

/**
 * An end as it was sent, as a moment; undefined when there is none.
 * @param path of its field
 * @throws ReeveError `invalid` when it has passed: what would give nothing is not made
 */
export function endOf(path: string, sent: string | undefined): Date | undefined {
  if (sent === undefined) return undefined;
  const end = new Date(sent);
  if (end <= new Date()) throw new ReeveError('invalid', 'that end has passed', { errors: [{ path, message: 'has passed' }] });
  return end;
}
