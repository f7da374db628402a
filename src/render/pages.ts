/** A page that nginx itself shows, instead of a site or for one. */
export interface Page {
  readonly name: string;
  /** The statuses that lead to it. */
  readonly codes: readonly number[];
  readonly status: number;
  /** Seconds; null where trying again is no use. */
  readonly retryAfter: number | null;
  readonly body: string;
}

type Shape = Omit<Page, 'body'>;

/**
 * What a container shows. A vassal that is missing or refuses is a 502, and not a 503: the edge tries a 502 elsewhere,
 * while a suspended site is suspended everywhere.
 */
export const CONTAINER_PAGES: readonly Shape[] = [
  { name: 'missing', codes: [404], status: 404, retryAfter: null },
  { name: 'large', codes: [413], status: 413, retryAfter: null },
  { name: 'unknown', codes: [421], status: 421, retryAfter: null },
  { name: 'busy', codes: [429], status: 429, retryAfter: 2 },
  { name: 'failing', codes: [502], status: 502, retryAfter: 5 },
  { name: 'suspended', codes: [503], status: 503, retryAfter: 120 },
  { name: 'late', codes: [504], status: 504, retryAfter: 30 },
];

/** What the edge shows by itself; a container's own pages pass through it. */
export const EDGE_PAGES: readonly Shape[] = [
  { name: 'large', codes: [413], status: 413, retryAfter: null },
  { name: 'unknown', codes: [421], status: 421, retryAfter: null },
  { name: 'nobody', codes: [502, 503], status: 503, retryAfter: 2 },
  { name: 'late', codes: [504], status: 504, retryAfter: 30 },
];

/**
 * The pages with their texts.
 * @param layout HTML with places for title, text and request
 * @param texts page name → HTML that begins with its title
 */
export function composePages(shapes: readonly Shape[], layout: string, texts: ReadonlyMap<string, string>): Page[] {
  return shapes.map((shape) => {
    const [, title, text] = texts.get(shape.name)?.match(/^<title>([^<]*)<\/title>\s*([\s\S]*)$/) ?? [];
    if (title === undefined || text === undefined) throw new Error(`templates/pages/${shape.name}.html does not begin with its <title>`);
    const body = layout
      .replaceAll('<!--title-->', title)
      .replaceAll('<!--text-->', text.trim())
      .replaceAll('<!--request-->', '$reeve_request')
      .replace(/\n+/g, '\n');
    return { ...shape, body };
  });
}
