/**
 * Examples in the OpenAPI document, made from the schemas themselves, so that a field is never without one and none is left
 * from another version. A field's own `example` comes first; a test parses each with the schema that it is an example of.
 */
type Json = Record<string, unknown>;

/** What fields of this name hold, where their schema does not say: words that a newcomer recognises. */
const WORDS: Readonly<Record<string, unknown>> = {
  name: 'alpha', title: 'alpha does not answer', message: 'answered 500', detail: 'there is no site named alpha', reason: 'because it was asked for', note: 'on it', why: 'the name is another one',
  owner: 'Ada Lovelace', email: 'ada@example.org', user: 'u012345678', team: 't012345678', site: 's012345678', container: 'c012345678', release: 'r012345678',
  hostname: 'www.example.org', hostnames: 'www.example.org', primary: 'www.example.org', domain: 'example.org', baseDomain: 'example.org', host: 'db.internal', address: '192.0.2.7', url: 'https://reeve.example.org/invite/…',
  href: '/api/v1/runs/w012345678', subject: 'site:s012345678', cause: 'site-down', action: 'site:update', type: 'site.updated', source: '/srv/mysite', codebase: 'mysite', digest: 'b1946ac92492d2347c6235b4d2611184',
  password: 'correct horse battery staple', code: '123456', token: 'reeve_…', secret: 'a secret of sixteen characters or more', text: 'example', traceback: 'Traceback (most recent call last): …',
  path: 'nginx/sites.conf', diff: '-listen 80;\n+listen 81;', region: 'eu-central-1', endpoint: 'https://s3.example.org', actor: 'u012345678', next: 'WyJhbHBoYSJd', cursor: 'WyJhbHBoYSJd',
  requestId: 'kGfW3TjJw0ab', currentStep: 'createDatabase', slot: 'one', kind: 'user', id: 's012345678', cidr: '10.0.0.0/8', timezone: 'Europe/Berlin', agent: 'Firefox on Linux', browser: 'Firefox on Linux',
};
const NUMBERS: Readonly<Record<string, number>> = { generation: 1842, rev: 1842, epoch: 1, incarnation: 1, status: 200, port: 5432, ms: 12.4, latencyMs: 12.4 };

const AT = '2026-11-25T09:30:00.000Z';
const FORMATS: Readonly<Record<string, string>> = {
  'date-time': AT, date: '2026-11-25', email: 'ada@example.org', uri: 'https://example.org/', uuid: '1b4e28ba-2fa1-41d2-883f-0016d3cca427', ipv4: '192.0.2.7', ipv6: '2001:db8::7',
};

/**
 * @param components  what `$ref`s lead to, by name
 * @param name        of the field that it is of
 * @returns undefined for what can only be given by hand
 */
export function exampleOf(schema: Json, components: ReadonlyMap<string, Json>, name = '', depth = 0): unknown {
  if (typeof schema.$ref === 'string') {
    const target = components.get(schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1));
    return target && depth < 12 ? exampleOf({ ...target, ...own(schema) }, components, name, depth + 1) : undefined;
  }
  for (const given of ['example', 'const', 'default'] as const) if (schema[given] !== undefined) return schema[given];
  if (Array.isArray(schema.examples)) return schema.examples[0];
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const variants = (schema.anyOf ?? schema.oneOf) as Json[] | undefined;
  if (variants) return exampleOf(variants.find(({ type }) => type !== 'null') ?? variants[0]!, components, name, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== 'null') : schema.type;
  switch (type) {
    case 'object': return objectOf(schema, components, depth);
    case 'array': return arrayOf(schema, components, name, depth);
    case 'boolean': return true;
    case 'integer': case 'number': return numberOf(schema, name);
    case 'string': return FORMATS[schema.format as string] ?? WORDS[name] ?? 'text';
    default: return type === 'null' ? null : {};
  }
}

const own = ({ $ref: _, ...rest }: Json): Json => rest;

function objectOf({ properties = {}, propertyNames, additionalProperties }: Json, components: ReadonlyMap<string, Json>, depth: number): Json {
  const known = Object.entries(properties as Record<string, Json>).map(([field, of]) => [field, exampleOf(of, components, field, depth + 1)] as const);
  if (known.length > 0 || typeof additionalProperties !== 'object') return Object.fromEntries(known.filter(([, value]) => value !== undefined));
  const key = (propertyNames as Json | undefined)?.example ?? 'text';
  return { [String(key)]: exampleOf(additionalProperties as Json, components, '', depth + 1) };
}

function arrayOf({ items, minItems = 1 }: Json, components: ReadonlyMap<string, Json>, name: string, depth: number): unknown[] {
  const one = items === undefined ? {} : exampleOf(items as Json, components, name.replace(/s$/, ''), depth + 1);
  return Array.from({ length: Math.max(1, minItems as number) }, () => one);
}

function numberOf({ minimum, maximum, exclusiveMinimum }: Json, name: string): number {
  const wanted = NUMBERS[name] ?? 2;
  const least = (minimum as number | undefined) ?? (exclusiveMinimum === undefined ? 0 : (exclusiveMinimum as number) + 0.5);
  return Math.min(Math.max(wanted, least), (maximum as number | undefined) ?? Number.MAX_SAFE_INTEGER);
}
