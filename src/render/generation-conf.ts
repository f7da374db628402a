import { hash } from 'node:crypto';
import type { Generation } from '../domain/generation.ts';
import { digestOf } from './digest.ts';
import { number, word } from './syntax.ts';

/** What nginx answers as the proof of what it serves: members of a JSON object, which the servers put in braces. */
export function generationConf({ epoch, generation }: Generation, digest: string): string {
  return `map "" $reeve_generation {\n  default '"epoch":${number(epoch)},"generation":${number(generation)},"digest":"${word(digest)}"';\n}\n`;
}

/**
 * The digest of a directory of nginx's files, which its name and its proof carry. generation.conf holds it, and is not
 * in it. A file that is still the same string is not read again: hostnames.conf has a megabyte.
 */
export function createNginxDigest(): (files: ReadonlyMap<string, string>) => string {
  let known = new Map<string, { readonly text: string; readonly digest: string }>();
  return (files) => {
    const seen: typeof known = new Map();
    for (const [name, text] of files) {
      const old = known.get(name);
      seen.set(name, old !== undefined && old.text === text ? old : { text, digest: hash('sha256', text, 'hex') });
    }
    known = seen;
    return digestOf([...seen].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, { digest }]) => [name, digest])).slice(0, 32);
  };
}
