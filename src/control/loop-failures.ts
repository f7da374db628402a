/** Passes that failed since this process began, by the loop's name: a few names, all of them in the code. */
const failures = new Map<string, number>();

/** A loop is known from its first pass on, so that its count begins at 0. */
export function countPass(loop: string, failed: boolean): void {
  failures.set(loop, (failures.get(loop) ?? 0) + (failed ? 1 : 0));
}

export function loopFailures(): ReadonlyMap<string, number> {
  return failures;
}
