/** The members an edge knows: what the platform last said, kept on disk, and what its own check finds each second. */
import { readFileSync } from 'node:fs';
import type { Member } from '../../domain/desired.ts';
import { readMembers } from '../../database/container.ts';
import type { Pool } from '../../database/pool.ts';
import { replaceFile } from '../files/atomic.ts';
import { type Log, messageOf } from '../../log.ts';
import { answers } from './check.ts';
import { type Checks, keyOf, noted, usableMembers } from './usable.ts';

const CHECK_EVERY_MS = 1_000;

export interface Members {
  /** To whom visitors may be sent now. */
  usable(): readonly Member[];
  /** Ask the platform again; a failure keeps what was known. */
  read(): void;
  close(): void;
}

/** @param onChange called when the usable members have changed */
export function edgeMembers(options: { pool: Pool; file: string; log: Log; onChange(): void }): Members {
  const { pool, file, log } = options;
  let members = load(file);
  let checks: Checks = new Map();
  let usable = usableMembers(members, checks);
  let reading = false;
  let again = false;
  let away = false;

  function update(): void {
    const now = usableMembers(members, checks);
    const names = (some: readonly Member[]) => some.map(keyOf).sort().join(' ');
    if (names(now) === names(usable)) return;
    log.info('members', { was: usable.map(({ id }) => id), now: now.map(({ id }) => id) });
    usable = now;
    options.onChange();
  }

  async function read(): Promise<void> {
    again = true;
    if (reading) return;
    reading = true;
    while (again) {
      again = false;
      try {
        const fresh = await readMembers(pool);
        if (JSON.stringify(fresh) !== JSON.stringify(members)) {
          members = fresh;
          replaceFile(file, JSON.stringify(members), { mode: 0o600 });
        }
        away = false;
      } catch (error) {
        // With the platform away the members stay, and the check goes on (law 5).
        if (!away) log.warn('members cannot be read', { error: messageOf(error) });
        away = true;
      }
      update();
    }
    reading = false;
  }

  let checking = false;
  const timer = setInterval(async () => {
    if (checking) return;
    checking = true;
    const asked = members;
    const answered = new Set<string>();
    await Promise.all(asked.map(async (member) => { if (await answers(member)) answered.add(keyOf(member)); }));
    checking = false;
    if (asked !== members) return;
    checks = noted(members, checks, answered);
    update();
  }, CHECK_EVERY_MS);

  return {
    usable: () => usable,
    read: () => void read(),
    close: () => clearInterval(timer),
  };
}

function load(file: string): Member[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Member[];
  } catch {
    return [];
  }
}
