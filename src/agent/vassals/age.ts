/**
 * How long ago something happened whose time is kept outside this process, ms: by a file's time, by the emperor. What lies
 * ahead was before the clock was set back, nobody knows how long: as long as it lies ahead, so that nothing waits for the
 * clock to come to it. Pure.
 */
export const ageOf = (at: number, now: number): number => Math.abs(now - at);
