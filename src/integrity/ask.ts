import { openAgent } from '../api/agents/open.ts';
import { ReeveError } from '../domain/errors.ts';
import type { SitesKey } from '../domain/secrets.ts';
import type { AskFiles } from './check.ts';

/** A first look at 10,000 sites' files reads all of them. */
const WITHIN_MS = 15_000;

/** By the agent's own listener, with the token of its incarnation; an edge has none, and says all of itself at once. */
export function askFiles(sitesKey: SitesKey, withinMs = WITHIN_MS): AskFiles {
  return async (place, asked) => {
    const signal = AbortSignal.timeout(withinMs);
    const body = await openAgent(sitesKey, place, place.role === 'edge' ? { method: 'GET', path: '/description', headersTimeout: withinMs, signal }
      : { method: 'POST', path: '/files', body: asked, headersTimeout: withinMs, signal });
    return await body.json().catch((error) => {
      throw new ReeveError('unavailable', `container ${place.id} did not answer whole within ${withinMs / 1_000} s`, { container: place.id }, error);
    });
  };
}
