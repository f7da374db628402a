import type { Isolation, Report } from './installed.ts';

/**
 * As root each site runs as a system user of its own (a number; no account is made). Else all sites run as the
 * person's user, and can read each other's files and memory: said at each start.
 */
export function findIsolation(report: Report): Isolation {
  if (process.getuid?.() === 0 && process.platform === 'linux') {
    report({ name: 'Isolation', state: 'done', detail: 'each site runs as a system user of its own' });
    return 'per-site users';
  }
  const why = process.platform === 'linux' ? 'not started as root' : 'only on Linux do sites get users of their own';
  const none = `${why}: all sites run as one user and are not isolated from each other`;
  report({ name: 'Isolation', state: 'skipped', detail: none });
  return { none };
}
