/**
 * Every value that reaches a configuration file passes one of these, which say what it may hold there. Nothing is ever
 * escaped: uWSGI has no escape at all, and in nginx's files each kind of value has an alphabet that needs none.
 */
import { isIP } from 'node:net';
import { type IdKind, isId } from '../domain/id.ts';

/** A value that may not stand where it was meant to: a fault of the data, or an attempt. */
export class Unrenderable extends Error {
  override readonly name = 'Unrenderable';
  readonly what: string;

  constructor(what: string, value: unknown, allowed: string) {
    super(`${what} cannot be ${shown(value)}: ${allowed}`);
    this.what = what;
  }
}

/** In uWSGI's files `%x`, `@(exec://…)` and `$(…)` expand in the middle of any value: only these characters are safe. */
export function plain(value: unknown, what = 'a value'): string {
  return matching(value, what, /^[A-Za-z0-9._/-]+$/, 'it must be one or more of A-Z a-z 0-9 . _ / -');
}

/** An absolute path that stays as it is in every syntax, without `..`. */
export function path(value: unknown, what = 'a path'): string {
  return matching(value, what, /^(?:\/(?!\.\.?(?:\/|$))[A-Za-z0-9._-]+)+$/, 'it must be absolute, of A-Z a-z 0-9 . _ - and without ..');
}

/** An id, a digest, a word of ours. */
export function word(value: unknown, what = 'a word'): string {
  return matching(value, what, /^[A-Za-z0-9_-]+$/, 'it must be one or more of A-Z a-z 0-9 _ -');
}

/** An id that Reeve made, of that kind. */
export function id(kind: IdKind, value: unknown, what: string): string {
  if (!isId(kind, value)) throw new Unrenderable(what, value, `it must be an id that begins with ${kind}`);
  return value;
}

/** A whole number, not negative. */
export function number(value: unknown, what = 'a number'): string {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Unrenderable(what, value, 'it must be a whole number');
  return String(value);
}

/** A hostname in normal form; never one of the words that mean something in a map (they have no dot). */
export function hostname(value: unknown, what = 'a hostname'): string {
  const text = matching(value, what, /^(?=.{3,253}$)[a-z0-9-]+(?:\.[a-z0-9-]+)+$/, 'it must be a DNS name in small letters');
  if (text.startsWith('-')) throw new Unrenderable(what, value, 'it must not begin with a hyphen');
  return text;
}

/** Whether `hostname` would let it through. */
export function isHostname(value: string): boolean {
  try {
    return hostname(value) === value;
  } catch {
    return false;
  }
}

/** An address or network, as `geo`, `set_real_ip_from` and `listen` take it. */
export function cidr(value: unknown, what = 'a network'): string {
  const [address, bits, ...rest] = typeof value === 'string' ? value.split('/') : [''];
  const family = isIP(address!);
  if (family === 0 || address!.includes('%') || rest.length > 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)))) {
    throw new Unrenderable(what, value, 'it must be an address, or a network like 10.0.0.0/8');
  }
  return value as string;
}

/** `address:port` for `listen` and `server`. A name is allowed where a container is reached by one. */
export function listen(value: unknown, what = 'an address'): string {
  const { address, port } = (value ?? {}) as { address?: unknown; port?: unknown };
  const digits = number(port, `${what}'s port`);
  if (Number(digits) < 1 || Number(digits) > 65_535) throw new Unrenderable(`${what}'s port`, port, 'it must be 1 to 65535');
  if (typeof address === 'string' && isIP(address) && !address.includes('%')) return address.includes(':') ? `[${address}]:${digits}` : `${address}:${digits}`;
  return `${matching(address, what, /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, 'it must be an address or a hostname')}:${digits}`;
}

/** A URL's port with its colon; nothing where a browser needs none. */
export function port(value: unknown): string {
  return value === null ? '' : `:${number(value, 'a port')}`;
}

/** A system user's name. */
export function user(value: unknown): string {
  return matching(value, 'a user', /^[a-z_][a-z0-9_-]{0,31}$/, 'it must be a system user’s name');
}

/** A page of ours as an nginx text. It may hold the one variable that it shows, and nothing that ends a text. */
export function html(value: unknown): string {
  const text = String(value);
  if (/['\\]|\$(?!reeve_request\b)/.test(text)) throw new Unrenderable('a page', text, "it must hold no ' \\ or $ but $reeve_request");
  // nginx reads its file in pieces of 4096 bytes, and no text may be longer than one.
  if (Buffer.byteLength(text) > 3_900) throw new Unrenderable('a page', text.length, 'it must be shorter than 3900 bytes');
  return `'${text}'`;
}

/** Status codes, for error_page. */
export function codes(value: unknown): string {
  return (value as unknown[]).map((code) => number(code, 'a status')).join(' ');
}

function matching(value: unknown, what: string, shape: RegExp, allowed: string): string {
  // $ also matches before a newline at the end.
  if (typeof value !== 'string' || !shape.test(value) || value.endsWith('\n')) throw new Unrenderable(what, value, allowed);
  return value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
