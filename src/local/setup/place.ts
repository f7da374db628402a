import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { withLock } from '../lock.ts';
import type { Report } from './installed.ts';

/**
 * Brings something to `path` exactly once: where it is there already nothing is done; two at once wait for each
 * other; and one that was killed half way leaves only a directory beside it, which the next one removes. `make`
 * fills a directory of its own, which then gets the name in one rename, and is removed when that failed or was stopped.
 */
export async function placeOnce(
  path: string, name: string, report: Report, make: (draft: string) => Promise<void>, stopping?: AbortSignal,
): Promise<void> {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  const waiting = (by: { pid: number }) => report({ name, state: 'working', detail: `waiting for process ${by.pid}, which does the same` });
  await withLock(`${path}.lock`, waiting, async () => {
    if (existsSync(path)) return;
    const draft = `${path}.part`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft);
    try {
      await make(draft);
      renameSync(draft, path);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }, stopping);
}
