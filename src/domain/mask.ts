/** Text of a container's files as people may see it: secrets are masked on both sides of a comparison. Pure. */
import { createHmac } from 'node:crypto';
import type { SitesKey } from './secrets.ts';

/** A line longer than this is cut. */
const LONGEST_LINE = 400;
const SECRET_WORD = /((?:password|passwd|secret|token|credential|api_?key|access_?key)[\w-]*["']?[\s=:]+).+/i;
const IN_URL = /([a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:)[^\s/@]+@/gi;

/**
 * A file of one site (JSON: what its process is told, and its environment): the keys alone. Each value becomes a mark
 * that is the same for the same value, so that a comparison shows which one was changed; the mark is derived under the
 * sites key, and four digits of it say nothing of what it stands for.
 */
export function maskedSiteFile(text: string, sitesKey: SitesKey): string {
  try {
    return `${JSON.stringify(JSON.parse(text), (_, value: unknown) =>
      value !== null && typeof value === 'object' ? value : mark(value, sitesKey), 1)}\n`;
  } catch {
    return `(${text.length} characters that are no JSON: ${mark(text, sitesKey)})\n`;
  }
}

function mark(value: unknown, sitesKey: SitesKey): string {
  return `*** ${createHmac('sha256', sitesKey).update(`reeve/v1 mark ${JSON.stringify(value)}`).digest('hex').slice(0, 4)}`;
}

/** Any other file: what looks like a secret is masked, line by line. */
export function maskedLines(text: string): string {
  return text.split('\n').map((line) => line.slice(0, LONGEST_LINE).replace(SECRET_WORD, '$1***').replace(IN_URL, '$1***@')).join('\n');
}

/**
 * Text that a site's own code wrote: its secrets are masked wherever they stand, and what looks like one as well.
 * @param secrets in any order; one may hold another
 */
export function maskedText(text: string, secrets: readonly string[]): string {
  return maskedLines(withoutSecrets(text, secrets));
}

/** Text in which these words are masked wherever they stand, in whatever order they come. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  // The longest first: of one that holds another, the rest would stay.
  return secrets.toSorted((a, b) => b.length - a.length).reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}

/** By its path in a manifest. A file that is no one's may be a copy of anything, so it is treated as the strictest kind. */
export function masked(path: string, text: string, sitesKey: SitesKey): string {
  if (path.startsWith('sites/') || isJson(text)) return maskedSiteFile(text, sitesKey);
  if (/^(nginx\/[\w./-]+\.conf|vassals\/[\w.-]+\.ini)$/.test(path)) return maskedLines(text);
  return `(${text.length} characters)\n`;
}

function isJson(text: string): boolean {
  if (!/^\s*[{["]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
