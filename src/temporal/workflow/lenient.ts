import { fromFailure } from '../failure.ts';

/** Do something to what may not be there; that it is not is fine. */
export async function unlessMissing(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (fromFailure(error).type !== 'not-found') throw error;
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
