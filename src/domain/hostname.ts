import { isIP } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';
import { parse } from 'tldts';
import { siteNameProblem } from './site.ts';

/** A DNS name in the one form that is stored, compared and rendered: lower case, punycode, no dot at the end. */
export type Hostname = string & { readonly __hostname: true };

export type HostnameRefusal =
  | 'empty'
  | 'not-a-name'
  | 'too-long'
  | 'bad-label'
  | 'address'
  | 'single-label'
  | 'public-suffix'
  | 'local'
  | 'platform'
  | 'reserved'
  | 'too-deep';

export type ParsedHostname =
  | { readonly ok: true; readonly hostname: Hostname }
  | { readonly ok: false; readonly reason: HostnameRefusal; readonly message: string };

/** Names below this are the platform's own (`generation.reeve.internal` is nginx's proof of what it serves). */
export const INTERNAL_DOMAIN = 'reeve.internal';

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
const MAX_LENGTH = 253;
/** Long enough for any name in unicode, short enough that nobody makes us decode a megabyte. */
const MAX_TYPED = 1_000;

/**
 * Whether a person may bind this name to a site, and its normal form.
 * @param text as typed: unicode, capitals and one dot at the end are fine; a port, path or scheme is not
 * @param platform the base domain of the platform, already in normal form
 */
export function parseHostname(text: string, platform: { readonly baseDomain: string }): ParsedHostname {
  const normal = normalizeHostname(text);
  if (!normal.ok) return normal;
  const { hostname } = normal;
  const { baseDomain } = platform;

  if (isWithin(hostname, INTERNAL_DOMAIN)) return refuse('platform', `${INTERNAL_DOMAIN} belongs to the platform itself.`);
  if (hostname === baseDomain) return refuse('platform', `${hostname} is the platform's own domain; a site can have <label>.${baseDomain}.`);
  if (isWithin(hostname, baseDomain)) return withinBase(hostname, baseDomain);
  if (isWithin(hostname, 'localhost')) {
    return refuse('local', `${hostname} means the visitor's own machine; it can be used where the platform's domain is localhost.`);
  }
  if (!hostname.includes('.')) return refuse('single-label', `${hostname} is no full name; something like ${hostname}.example.com is.`);
  // Suffixes under which companies give names away (github.io) are nobody's to bind either.
  if (parse(hostname, { allowPrivateDomains: true }).publicSuffix === hostname) {
    return refuse('public-suffix', `Under ${hostname} anyone can register names; a name below it can be bound, itself it cannot.`);
  }
  return normal;
}

/**
 * The normal form of a DNS name, without asking whether a site may have it.
 *
 * `domainToASCII` alone is not enough: it cuts at `/ ? # :`, decodes `%62`, and drops tabs and newlines, as a browser's
 * address bar does, so that what was typed and what is bound would differ.
 */
export function normalizeHostname(text: string): ParsedHostname {
  const typed = text.trim();
  if (typed === '') return refuse('empty', 'A hostname is needed.');
  if (typed.length > MAX_TYPED) return refuse('too-long', `A hostname has at most ${MAX_LENGTH} characters.`);
  if (isIP(typed.replace(/^\[|\]$/g, ''))) return refuse('address', `${typed} is an address; a hostname is needed.`);
  if (/[^A-Za-z0-9.\-\u0080-\u{10ffff}]|\s/u.test(typed)) {
    return refuse('not-a-name', 'A hostname holds letters, digits, hyphens and dots: no scheme, port, path, space or underscore.');
  }
  const hostname = domainToASCII(typed).replace(/\.$/, '');
  if (hostname === '') return refuse('not-a-name', `${typed} is no valid hostname.`);
  if (isIP(hostname)) return refuse('address', `${typed} means the address ${hostname}; a hostname is needed.`);
  if (hostname.length > MAX_LENGTH) return refuse('too-long', `A hostname has at most ${MAX_LENGTH} characters; in its ASCII form this one has ${hostname.length}.`);
  const labels = hostname.split('.');
  for (const label of labels) {
    if (label === '') return refuse('bad-label', 'There is an empty part between two dots, or before the first.');
    if (label.length > 63) return refuse('bad-label', `Each part of a hostname has at most 63 characters: ${label.slice(0, 20)}… has ${label.length}.`);
    if (!LABEL.test(label)) return refuse('bad-label', `${label}: a part begins and ends with a letter or digit, and holds only these and hyphens.`);
  }
  // A last part of digits is read as an address by some programs, and no such domain exists.
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1)!)) return refuse('address', `${hostname} ends like an address.`);
  if (labels.some((label) => label.startsWith('xn--')) && domainToASCII(domainToUnicode(hostname)) !== hostname) {
    return refuse('not-a-name', `${hostname} holds a part that begins with xn-- but is no encoded name.`);
  }
  return { ok: true, hostname: hostname as Hostname };
}

/** The name that comes with a site. Its own rules are the site name's (`siteNameProblem`). */
export function platformHostname(siteName: string, baseDomain: string): Hostname {
  return `${siteName}.${baseDomain}` as Hostname;
}

/** Whether `hostname` is `domain` or below it. */
export function isWithin(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

/** Deeper names would need a wildcard certificate of their own, and `a.b` could pass for a part of site b. */
function withinBase(hostname: Hostname, baseDomain: string): ParsedHostname {
  const label = hostname.slice(0, -baseDomain.length - 1);
  if (label.includes('.')) return refuse('too-deep', `Below ${baseDomain} there is one label only: ${label.replaceAll('.', '-')}.${baseDomain} would be one.`);
  const problem = siteNameProblem(label);
  if (problem) return refuse('reserved', `${hostname}: ${problem}`);
  return { ok: true, hostname };
}

function refuse(reason: HostnameRefusal, message: string): ParsedHostname {
  return { ok: false, reason, message };
}
