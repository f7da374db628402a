import { createInterface } from 'node:readline/promises';
import { ReeveError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import { Detached } from './failure.ts';

/**
 * Nothing once the person has typed the name, or said `--yes`.
 * @param act what would happen, e.g. `delete the site alpha (its hostnames answer nothing then)`
 * @throws ReeveError `bad-request` when nobody can be asked, or the name was not typed; nothing has changed then
 */
export async function confirmName(context: Context, options: { yes?: boolean }, act: string, name: string): Promise<void> {
  if (options.yes) return;
  if (!context.terminal.askable) {
    throw new ReeveError('bad-request', `this would ${act}: say --yes, as nobody can be asked here`);
  }
  const readline = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const interrupted = new Promise<never>((_, reject) => {
      readline.once('SIGINT', () => reject(new Detached('\nnothing was changed')));
      readline.once('close', () => reject(new ReeveError('bad-request', 'nothing was changed')));
    });
    const answer = await Promise.race([readline.question(`This would ${act}.\nType ${name} to go on: `), interrupted]);
    if (answer.trim() !== name) throw new ReeveError('bad-request', `that is not ${name}: nothing was changed`);
  } finally {
    readline.close();
  }
}
