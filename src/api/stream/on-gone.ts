import type { Response } from 'express';

/**
 * Called once when the client has gone, at once when it has already: it may leave while something else is awaited, and then
 * nothing says so again.
 */
export function onGone(response: Response, over: () => void): void {
  if (response.destroyed) over();
  else response.once('close', over);
}
