/** Which addresses lead inward, where no channel may go unless the settings say so. */
import { BlockList, isIP } from 'node:net';

// The registries of special-purpose addresses (RFC 6890), and those that carry an IPv4 address inside.
const INWARD = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.168.0.0/16',
  '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4',
  '::/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/32', '2002::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8',
];

function listOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', prefix] = cidr.split('/');
    list.addSubnet(network, Number(prefix), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

const inward = listOf(INWARD);

/** @param allowed  CIDRs that may be gone to all the same. Text that is no address leads nowhere. */
export function mayGoTo(address: string, allowed: readonly string[]): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  // An IPv4 address in IPv6 clothes is checked as what it is.
  const type = family === 6 ? 'ipv6' : 'ipv4';
  return !inward.check(address, type) || listOf(allowed).check(address, type);
}
