import { ReeveError } from '../domain/errors.ts';
import { readStdin } from './stdin.ts';
import { splitPair } from './values.ts';

/**
 * `NAME=value` as it stands, `NAME` from this shell, `NAME=-` from stdin: the last two keep a value out of the list of
 * processes, which other users of the machine can read.
 * @throws ReeveError `bad-request`, `too-large`
 */
export async function readVariables(pairs: readonly string[]): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  let stdinUsed = false;
  for (const pair of pairs) {
    if (!pair.includes('=')) {
      const value = process.env[pair];
      if (value === undefined) throw new ReeveError('bad-request', `${pair} is not set in this shell; write ${pair}=value`);
      values[pair] = value;
      continue;
    }
    const { name, value } = splitPair(pair);
    if (value === '-') {
      if (stdinUsed) throw new ReeveError('bad-request', 'only one variable can be read from stdin');
      stdinUsed = true;
      values[name] = (await readStdin()).toString().replace(/\n$/, '');
    } else {
      values[name] = value;
    }
  }
  return values;
}
