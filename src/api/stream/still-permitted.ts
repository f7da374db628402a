import type { Request, Response } from 'express';
import type { Grantee } from '../../domain/permission.ts';
import { principalOf } from '../authenticate.ts';
import type { Deps } from '../deps.ts';
import { onGone } from './on-gone.ts';

/** Grants, sessions and tokens end by themselves too. */
const LOOK_EVERY_MS = 15_000;

/**
 * End a stream whose reader may not read it any more, or may read something else than when it began: they come back and
 * are asked anew. Looked at whenever people change, and now and then.
 * @param standing what they may read, as text
 */
export function endWhenRefused(deps: Deps, request: Request, response: Response, began: Grantee, standing: (grantee: Grantee) => string): void {
  const over = new AbortController();
  const before = standing(began);
  const look = async () => {
    const principal = await principalOf(deps, request).catch(() => undefined);
    // Postgres being away makes nobody a stranger.
    if (principal === undefined || (principal !== null && standing(principal.grantee) === before)) return;
    response.end();
    response.destroy();
  };
  deps.principals.onForget(() => void look(), over.signal);
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  onGone(response, () => {
    clearInterval(timer);
    over.abort();
  });
}
