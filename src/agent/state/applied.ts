/** Which files were all in place last, by their digest: what differs from them at the next start was changed meanwhile. */
import { readFileSync } from 'node:fs';
import { replaceFile } from '../files/atomic.ts';

export interface Applied {
  /** Whether these files were all in place when the last agent said so last. */
  was(digest: string): boolean;
  /** They are in place now. */
  note(digest: string): void;
}

export function applied(file: string): Applied {
  const before = read(file);
  let written = before;
  return {
    was: (digest) => digest === before,
    note(digest) {
      if (digest === written) return;
      try {
        replaceFile(file, JSON.stringify({ files: digest }), { mode: 0o600 });
        written = digest;
      } catch { /* a full disk: the next pass tries again, and nothing rests on it */ }
    },
  };
}

function read(file: string): string | null {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { files: string }).files;
  } catch {
    return null;
  }
}
