import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Detached } from '../failure.ts';

/**
 * Ask the person, on stderr.
 * @param hidden what is typed is not shown
 * @throws Detached on Ctrl-C
 */
export async function ask(question: string, hidden = false): Promise<string> {
  let muted = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!muted) process.stderr.write(chunk);
      done();
    },
  });
  const readline = createInterface({ input: process.stdin, output, terminal: true });
  try {
    const left = new Promise<never>((_, reject) => {
      readline.once('SIGINT', () => reject(new Detached('\nnot logged in')));
      readline.once('close', () => reject(new Detached('\nnot logged in')));
    });
    const answer = readline.question(question);
    muted = hidden;
    return await Promise.race([answer, left]);
  } finally {
    readline.close();
    if (hidden) process.stderr.write('\n');
  }
}
