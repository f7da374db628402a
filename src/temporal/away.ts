import type { Client } from '@temporalio/client';
import { ReeveError } from '../domain/errors.ts';

/** Longer than a healthy server takes, shorter than a person waits. */
const ANSWER_WITHIN_MS = 5_000;

/** gRPC's codes for a server that is not there, is overloaded, or does not answer. */
const AWAY = new Set([4, 8, 14]);

/**
 * Ask Temporal something, never hanging: a server that is away is a ReeveError `unavailable`. Its other errors come as
 * they are.
 */
export async function asked<T>(client: Client, question: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, question);
  } catch (error) {
    if (isAway(error)) throw new ReeveError('unavailable', 'Temporal does not answer', {}, error);
    throw error;
  }
}

/** Whether the error says that Temporal is away, and nothing of what was asked. */
export function isAway(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (AWAY.has((at as { code?: number }).code ?? -1)) return true;
    if (/Failed to connect before the deadline|Channel has been shut down/.test(at.message)) return true;
  }
  return false;
}
