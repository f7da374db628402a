import type { Counted } from '../database/sign-in/attempts.ts';

/** Where attempts come from: an IPv4 address, or an IPv6 network, since a single machine has 2^64 addresses of those. */
export function countedAddress(address: string | undefined): Counted {
  const plain = (address ?? 'unknown').replace(/^::ffff:(?=\d+\.)/i, '');
  return { kind: 'address', of: plain.includes(':') ? groupsOf(plain).slice(0, 4).join(':') : plain };
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const [left = '', right] = address.toLowerCase().split('%')[0]!.split('::');
  const [before, after] = [left.split(':').filter(Boolean), (right ?? '').split(':').filter(Boolean)];
  const missing = right === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array<string>(missing).fill('0'), ...after].map((group) => group.replace(/^0+(?=.)/, ''));
}
