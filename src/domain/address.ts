/** Where visitors find a hostname. Pure. */
import type { HostnameDesired, PlatformSettings } from './desired.ts';

type Scheme = PlatformSettings['publicScheme'];
type Https = HostnameDesired['https'];
type Public = Pick<PlatformSettings, 'publicScheme' | 'publicPort'>;

/** Scheme, name and port, without a slash at the end. */
export function addressOf({ hostname, https }: { readonly hostname: string; readonly https: Https }, settings: Public): string {
  const scheme = schemeOf(https, settings);
  return `${scheme}://${hostname}${portOf(settings, scheme)}`;
}

/** The scheme that its visitors end up with: one that redirects to https serves nobody by http. */
export function schemeOf(https: Https, { publicScheme }: Pick<Public, 'publicScheme'>): Scheme {
  return https === 'redirect' ? 'https' : publicScheme;
}

/** `:8443`, or nothing where it is the scheme's own. https on another port is known only if it is the platform's. */
export function portOf({ publicScheme, publicPort }: Public, scheme: Scheme): string {
  if (scheme !== publicScheme) return '';
  return publicPort === (scheme === 'https' ? 443 : 80) ? '' : `:${publicPort}`;
}
