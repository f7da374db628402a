/** From a host to the addresses that may be gone to, looked up and checked in one step, so that no name changes between. */
import { lookup as ask } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { NotDelivered } from './failure.ts';
import { mayGoTo } from './inward.ts';

const LOOKUP_MS = 5_000;

/** @throws NotDelivered when none may be gone to; the resolver's own error when the name is not found */
export async function outward(host: string, allowed: readonly string[]): Promise<LookupAddress[]> {
  const found = await new Promise<LookupAddress[]>((resolve, reject) => {
    const family = isIP(host);
    if (family > 0) return resolve([{ address: host, family }]);
    // The system's resolver may take half a minute to say nothing.
    const timer = setTimeout(() => reject(new NotDelivered('its name cannot be looked up now')), LOOKUP_MS);
    ask(host, { all: true }, (error, addresses) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve(addresses);
    });
  });
  const open = found.filter(({ address }) => mayGoTo(address, allowed));
  if (open.length === 0) throw new NotDelivered(`${host} leads inward, which the setting alertNetworks does not allow`);
  return open;
}

/** The same as what a socket is given to look its host up. */
export function outwardLookup(allowed: readonly string[]): LookupFunction {
  return (host, options, done) => {
    outward(host, allowed).then(
      (addresses) => (options.all ? done(null, addresses) : done(null, addresses[0]!.address, addresses[0]!.family)),
      (error) => done(error, ''),
    );
  };
}
