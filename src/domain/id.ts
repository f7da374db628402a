/**
 * Identities made by Reeve, never by a person: one letter that says what it names, then nine characters of an
 * alphabet without the letters that read alike (i, l, o, u). They are safe in paths, Postgres names, uWSGI files,
 * nginx maps, S3 bucket names and workflow ids, and need escaping in none of them.
 */
export type SiteId = string & { readonly __id?: 's' };
export type ContainerId = string & { readonly __id?: 'c' };
export type ReleaseId = string & { readonly __id?: 'r' };
export type RunId = string & { readonly __id?: 'w' };

/**
 * `s` site, `c` container, `r` release, `w` run (a piece of work), `k` token, `a` approval, `n` alert channel, `u` user,
 * `t` team, `g` grant, `e` session, `v` invitation or another link that is good once.
 */
export type IdKind = 's' | 'c' | 'r' | 'w' | 'k' | 'a' | 'n' | 'u' | 't' | 'g' | 'e' | 'v';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const LENGTH = 9;
const SHAPE = /^[scrwkanutgev][0-9a-hjkmnp-tv-z]{9}$/;

/**
 * Make an id from nine random bytes, which the caller draws (the domain has no randomness of its own).
 * 32 divides 256, so each character is equally likely: 45 bits.
 * @throws RangeError when fewer than nine bytes are given
 */
export function makeId(kind: IdKind, random: Uint8Array): string {
  if (random.length < LENGTH) throw new RangeError(`an id takes ${LENGTH} random bytes, not ${random.length}`);
  let id: string = kind;
  for (let i = 0; i < LENGTH; i++) id += ALPHABET[random[i]! % 32];
  return id;
}

/** Whether the text is an id of that kind, in shape; says nothing of whether the thing exists. */
export function isId(kind: IdKind, text: unknown): text is string {
  return typeof text === 'string' && text[0] === kind && SHAPE.test(text);
}
