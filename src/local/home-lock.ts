import { readFileSync } from 'node:fs';
import { type Home, openHome } from './home.ts';
import { type LockHolder, tryLock } from './lock.ts';

/** Another Reeve runs from this home. The message says which, since when and where it answers. */
export class HomeLockedError extends Error {
  readonly holder: LockHolder;

  constructor(home: Home, holder: LockHolder, places: readonly string[]) {
    const where = places.length > 0 ? `; it answers at ${places.join(' and ')}` : '';
    super(`Reeve already runs here: process ${holder.pid}, since ${holder.since}${where}. Its state is in ${home.root}`);
    this.name = 'HomeLockedError';
    this.holder = holder;
  }
}

/**
 * Makes the home where needed and holds it for this process, until released or until the process is gone.
 *
 * @throws HomeLockedError where another process holds it; HomeError where it cannot be made.
 */
export function lockHome(home: Home): { release(): void } {
  openHome(home);
  const attempt = tryLock(home.lockFile);
  if (!attempt.held) throw new HomeLockedError(home, attempt.by, placesOf(home));
  return attempt;
}

function placesOf(home: Home): string[] {
  try {
    const access = JSON.parse(readFileSync(home.accessFile, 'utf8')) as Record<string, unknown>;
    // One address, while the API shows the dashboard itself.
    return [...new Set([access.dashboard, access.api])].filter((place) => typeof place === 'string');
  } catch {
    return []; // it has not got that far, or the file is another user's: the rest is still worth saying
  }
}
