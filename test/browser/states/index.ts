/**
 * What pages show beside what they usually do: errors, what was refused, what is shown once, what they wait for, what is
 * not for whoever looks, a platform with nothing on it yet, and lists that nothing is in. For axe, for pictures, and for
 * hostile words.
 */
import type { Example } from '../example/index.ts';
import { statesOfPeople } from './of-people.ts';
import { statesOfPlatform } from './of-platform.ts';
import type { State } from './state.ts';
import { statesOfWaiting } from './waiting.ts';

export { type Empty, startEmpty, statesOfNew } from './of-new.ts';
export type { State } from './state.ts';

/** @param words what is typed where it is refused */
export const statesOf = async (example: Example, words = '!'): Promise<State[]> =>
  [...await statesOfPlatform(example, words), ...await statesOfPeople(example, words), ...statesOfWaiting(example)];
