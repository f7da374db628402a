import { lookup } from 'node:dns/promises';

/**
 * Whether programs here find `*.localhost`. Browsers and curl answer it themselves; other programs ask the system,
 * which knows it only with systemd-resolved or a line in /etc/hosts.
 */
export async function resolvesLocalhost(name = 'alpha.localhost'): Promise<boolean> {
  try {
    const addresses = await lookup(name, { all: true });
    return addresses.length > 0 && addresses.every(({ address }) => address.startsWith('127.') || address === '::1');
  } catch {
    return false; // ENOTFOUND, or no answer at all: either way it does not resolve
  }
}

/** In one line what to do for programs that do not find these names; browsers and curl need nothing. */
export function hostsHint(names: readonly string[]): string {
  return `browsers and curl know it themselves; for other programs add to /etc/hosts: 127.0.0.1 ${names.join(' ')}`;
}
