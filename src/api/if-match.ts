import { ReeveError } from '../domain/errors.ts';

/** The header as it came. @throws ReeveError `precondition-missing` */
export function requireIfMatch(header: string | undefined): string {
  if (header !== undefined && header.trim() !== '') return header.trim();
  throw new ReeveError('precondition-missing', 'send If-Match with the rev that you have read (the ETag of GET), or * for any');
}

/** The rev of If-Match; undefined for `*`. @throws ReeveError `stale` for what can be the ETag of no row */
export function revOf(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined;
  const digits = /^(?:W\/)?"?(\d{1,15})"?$/.exec(header)?.[1];
  if (digits === undefined) throw new ReeveError('stale', `${header.slice(0, 50)} is the rev of nothing here`);
  return Number(digits);
}
