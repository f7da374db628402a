/** Addresses of the dashboard: a list's search, filters, order and page are in its address, and nowhere else. */

type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** `path` with the query; what is undefined, null or empty is left out. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Only addresses of this dashboard: `/…`, and never `//elsewhere` or a scheme. Anything else becomes `/`. */
export function localAddress(text: string | undefined): string {
  if (text === undefined || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text) || text.includes('\\')) return '/';
  return text;
}

/** Each part of a path as data: ids and names are never trusted to be free of `/` or `?`. */
export function path(strings: TemplateStringsArray, ...parts: readonly (string | number)[]): string {
  return strings.reduce((whole, text, at) => whole + encodeURIComponent(String(parts[at - 1])) + text);
}
