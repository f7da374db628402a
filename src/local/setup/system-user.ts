import { readFileSync } from 'node:fs';
import type { SystemUser } from './installed.ts';

/** Users of /etc/passwd; empty where the system keeps them elsewhere (macOS). */
export function systemUsers(): SystemUser[] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .filter((fields) => fields.length >= 7)
      .map(([name, , uid, gid]) => ({ name: name as string, uid: Number(uid), gid: Number(gid) }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export function findUser(name: string): SystemUser | undefined {
  return systemUsers().find((user) => user.name === name);
}
