import { isReeveError, ReeveError } from '../domain/errors.ts';

/** Whether the engine answered so. */
export function isStatus(error: unknown, ...statuses: number[]): boolean {
  return statuses.includes((error as { statusCode?: number } | null)?.statusCode ?? 0);
}

/** Answers that mean that it is so already. */
export const unless = (...statuses: number[]) => (error: unknown) => {
  if (!isStatus(error, ...statuses)) throw error;
};

/**
 * Ask the engine, with errors of ours.
 * @throws ReeveError `unavailable` when there is no answer or the engine is at fault; `step-failed` when it refuses
 */
export async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (isReeveError(error)) throw error;
    const { statusCode, code, message } = error as { statusCode?: number; code?: string; message: string };
    if (statusCode === undefined) throw new ReeveError('unavailable', `the Docker engine does not answer: ${code ?? message}`, {}, error);
    throw new ReeveError(statusCode >= 500 ? 'unavailable' : 'step-failed', `the Docker engine: ${message}`, { status: statusCode }, error);
  }
}
