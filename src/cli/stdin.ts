import { readFileSync } from 'node:fs';
import { isReeveError, ReeveError } from '../domain/errors.ts';

/** As much stdin as a request may carry; more belongs in a file. */
const MOST_STDIN = 8 * 1024 * 1024;

/**
 * All that is piped in. Waited for, since a synchronous read does not: once `process.stdin` was looked at, a pipe in which
 * nothing is yet fails with EAGAIN.
 * @throws ReeveError `too-large`
 */
export async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MOST_STDIN) throw new ReeveError('too-large', `standard input may have ${MOST_STDIN / 1024 / 1024} MiB at most`);
  }
  return Buffer.concat(chunks);
}

/** The text of a file that a person names; `-` is stdin. @throws ReeveError `bad-request` when it cannot be read, `too-large` */
export async function readText(path: string): Promise<string> {
  try {
    return path === '-' ? (await readStdin()).toString() : readFileSync(path, 'utf8');
  } catch (error) {
    if (isReeveError(error)) throw error;
    throw new ReeveError('bad-request', `cannot read ${path}: ${(error as Error).message}`);
  }
}
