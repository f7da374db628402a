import type { Request } from 'express';
import { ReeveError } from '../../../domain/errors.ts';

/**
 * That a form of somebody who is not signed in comes from a page of ours: another site could else sign a person in as
 * somebody of its choosing. Browsers say where a form comes from; programs say nothing, and need not be protected.
 * @throws ReeveError `forbidden`
 */
export function requireSameOrigin(request: Request): void {
  const site = request.get('sec-fetch-site');
  const origin = request.get('origin');
  const fromHere = site !== undefined ? site === 'same-origin' || site === 'none'
    : origin === undefined || URL.parse(origin)?.host === request.get('host');
  if (!fromHere) throw new ReeveError('forbidden', 'this did not come from a page of this platform: open the page here, and try again');
}
