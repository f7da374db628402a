import { hash } from 'node:crypto';

/** SHA-256 of texts, each with its length before it, so that no two lists of texts give one digest. Hexadecimal. */
export function digestOf(texts: Iterable<string>): string {
  let all = '';
  for (const text of texts) all += `${text.length}:${text}`;
  return hash('sha256', all, 'hex');
}

/** JSON with every object's keys in order: the same contents give the same text, however they were made. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value as Record<string, unknown>)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
