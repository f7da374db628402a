/**
 * Which proxy the environment names (HTTP_PROXY, HTTPS_PROXY, NO_PROXY, in small letters too, as curl and undici read
 * them). Node itself takes them only with a flag that its older versions lack, and undici's own agent for it does not tell
 * what it decides, which webhooks have to know.
 */
import { BlockList, isIP } from 'node:net';
import { ReeveError } from '../domain/errors.ts';
import { LOOPBACK } from './loopback.ts';

/**
 * The proxy for an address, as a URL; null where it is gone to directly. HTTPS falls back to HTTP_PROXY, as in undici.
 * NO_PROXY holds hosts (with all below them), addresses, networks (10.0.0.0/8), each with a port if need be, or `*`.
 * @throws ReeveError `invalid` when the variable is no address; it is not repeated, since it may hold a password
 */
export function proxyFor(url: string | URL, env: NodeJS.ProcessEnv = process.env): URL | null {
  const { protocol, hostname, port } = new URL(url);
  const names = protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] : ['http_proxy', 'HTTP_PROXY'];
  const name = names.find((each) => env[each]);
  if (name === undefined) return null;
  const host = hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase();
  const exceptions = [...LOOPBACK, '127.0.0.0/8', ...(env.no_proxy || env.NO_PROXY || '').split(/[,\s]+/).filter(Boolean)];
  if (exceptions.some((entry) => matches(entry.toLowerCase(), host, port || (protocol === 'https:' ? '443' : '80')))) return null;
  const text = env[name]!;
  const given = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(given)) throw new ReeveError('invalid', `${name} is not the address of a proxy`);
  return new URL(given);
}

function matches(entry: string, host: string, port: string): boolean {
  const inBrackets = entry.match(/^\[(.+)\](?::(\d+))?$/);
  // With more than one colon it is a bare IPv6 address.
  const withPort = entry.match(/^([^:[\]]*):(\d+)$/);
  const [, given = entry, ofPort] = inBrackets ?? withPort ?? [];
  if (ofPort !== undefined && ofPort !== port) return false;
  const name = given.replace(/^\*?\./, '');
  if (name === '*' || name === host || (name !== '' && host.endsWith(`.${name}`))) return true;
  const [network = '', prefix] = name.split('/');
  if (prefix === undefined || isIP(network) === 0 || isIP(host) !== isIP(network) || !/^\d{1,3}$/.test(prefix)) return false;
  const list = new BlockList();
  try {
    list.addSubnet(network, Number(prefix), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  } catch {
    return false; // a prefix that is too long: no network
  }
  return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
