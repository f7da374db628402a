import { ApplicationFailure, CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow';
import { fromFailure } from '../failure.ts';

/** What a failed or cancelled run's error says of its undoing; read by the interceptor that writes the final state. */
export interface Undone {
  readonly undone: true;
  /** Acts that could not be undone, in words; none when nothing is left. */
  readonly left: readonly string[];
  /** What undoing has cost, or has not, in words. */
  readonly told: readonly string[];
}

/**
 * The way back of a workflow that makes something. Each act is added before its step runs, since a step that failed or
 * whose worker died may have done its work; so every act must be right where nothing was done.
 */
export class Undo {
  readonly #acts: { name: string; act: () => Promise<unknown>; gate: boolean }[] = [];

  /** @param act may return a sentence about what it has cost, which the run's error then says */
  add(name: string, act: () => Promise<unknown>): void {
    this.#acts.push({ name, act, gate: false });
  }

  /** A check on the way back: when it fails, nothing further is undone. */
  addGate(name: string, check: () => Promise<unknown>): void {
    this.#acts.push({ name, act: check, gate: true });
  }

  /**
   * Run the steps; when one fails or the run is cancelled, go the whole way back, in reverse and past acts that fail,
   * uncancellable, and rethrow with what is left.
   */
  async around<T>(steps: () => Promise<T>): Promise<T> {
    try {
      return await steps();
    } catch (error) {
      throw withUndone(error, await CancellationScope.nonCancellable(() => this.#back()));
    }
  }

  async #back(): Promise<Undone> {
    const left: string[] = [];
    const told: string[] = [];
    for (const { name, act, gate } of this.#acts.reverse()) {
      try {
        const said = await act();
        if (typeof said === 'string') told.push(said);
      } catch (error) {
        left.push(`${name}: ${fromFailure(error).message}`);
        if (gate) break;
      }
    }
    return { undone: true, left, told };
  }
}

function withUndone(error: unknown, undone: Undone): Error {
  if (isCancellation(error)) return new CancelledFailure('cancelled', [undone]);
  const { type, message, fields } = fromFailure(error);
  return ApplicationFailure.create({
    type, message, nonRetryable: true, details: [fields, undone], cause: error instanceof Error ? error : undefined,
  });
}

/** What an error says of its undoing; null when nothing was to be undone. */
export function undoneOf(error: unknown): Undone | null {
  if (!(error instanceof ApplicationFailure || error instanceof CancelledFailure)) return null;
  const found = error.details?.find((detail) => typeof detail === 'object' && detail !== null && 'undone' in detail);
  return (found as Undone | undefined) ?? null;
}
