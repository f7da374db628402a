/**
 * The platform's version. `generation` rises by one with each committed change of desired state; `epoch` rises only
 * when a person adopts a restored platform, whose generations may repeat numbers that containers have already seen.
 */
export interface Generation {
  readonly epoch: number;
  readonly generation: number;
}

/** Before any state was ever accepted. */
export const NEVER: Generation = { epoch: 0, generation: 0 };

/** Negative when a is older than b, 0 when the same, positive when newer. */
export function compareGenerations(a: Generation, b: Generation): number {
  return a.epoch - b.epoch || a.generation - b.generation;
}
