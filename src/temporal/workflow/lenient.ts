import type { ErrorType } from '../../domain/errors.ts';
import { fromFailure } from '../failure.ts';

/** Do something to what may not be there; that it is not is fine. */
export const unlessMissing = (act: () => Promise<unknown>) => unless('not-found', act);

/** Do something to what may be another one by now; that it is is fine. */
export const unlessSuperseded = (act: () => Promise<unknown>) => unless('superseded', act);

async function unless(type: ErrorType, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (fromFailure(error).type !== type) throw error;
  }
}

/** Do something whose failure is only told. @returns why it failed; null when it did not */
export async function told(act: () => Promise<unknown>): Promise<string | null> {
  try {
    await act();
    return null;
  } catch (error) {
    return fromFailure(error).message;
  }
}
