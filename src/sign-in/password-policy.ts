import { ReeveError } from '../domain/errors.ts';

export const SHORTEST = 12;
export const LONGEST = 256;
/** A longer beginning says no more, and takes long to judge (200 ms for 128 times one letter). */
const JUDGED = 64;
/** Of 0 to 4: more than a million guesses. The most common passwords and their variants are at 0 and 1. */
const LEAST_SCORE = 2;

type Judge = (password: string, about: string[]) => { score: number; feedback: { warning?: string | null } };
let judge: Promise<Judge> | undefined;

/** 80 ms and 40 MB, so only where a password is set. */
async function loadJudge(): Promise<Judge> {
  const [{ ZxcvbnFactory }, { adjacencyGraphs, dictionary }] = await Promise.all([import('@zxcvbn-ts/core'), import('@zxcvbn-ts/language-common')]);
  const one = new ZxcvbnFactory({ graphs: adjacencyGraphs, dictionary });
  return (password, about) => one.check(password, about);
}

/**
 * Nothing when it may be a person's password: no rules about kinds of characters, which only make bad passwords look good.
 * @param about what guessers try first: the person's e-mail and name
 * @throws ReeveError `invalid`, with the field's name
 */
export async function requireGoodPassword(password: string, about: readonly string[], field = 'password'): Promise<void> {
  const refuse = (message: string): never => {
    throw new ReeveError('invalid', `the password ${message}`, { errors: [{ path: field, message }] });
  };
  const length = [...password].length;
  if (length < SHORTEST) refuse(`has ${length} characters; it takes ${SHORTEST} at least: three or four words are good`);
  if (length > LONGEST) refuse(`has more than ${LONGEST} characters`);
  judge ??= loadJudge();
  const parts = about.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)]).filter((part) => part.length > 2);
  const { score } = (await judge)(password.slice(0, JUDGED), [...parts, 'reeve']);
  if (score < LEAST_SCORE) refuse('is among the first that guessers try; three or four words that do not belong together are good');
}
