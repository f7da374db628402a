/** OpenAPI 3.1 from the routes' own definitions. */
import { z } from 'zod';
import { SESSION_COOKIE } from '../database/sessions.ts';
import { ERRORS } from '../domain/errors.ts';
import { alertWebhookSchema } from '../domain/resources/alert.ts';
import { API } from '../domain/resources/links.ts';
import { problemSchema } from '../domain/resources/common.ts';
import { CSRF_HEADER } from './authenticate.ts';
import { exampleOf } from './openapi-example.ts';
import { type AnySchema, type Route, takesKey } from './route.ts';

type Json = Record<string, unknown>;

/** The whole document. Schemas with an id stand once, under components. */
export function openApiDocument(root: readonly Route[], versioned: readonly Route[]): Json {
  const components = new Map<string, Json>();
  const schema: Described = (of, io) => inlined(of, io, components);
  const example = (of: Json) => exampleOf(of, components);
  const paths: Record<string, Json> = {};
  for (const [prefix, all] of [['', root], [API, versioned]] as const) {
    for (const route of all) {
      const path = prefix + route.path;
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, schema, example) };
    }
  }
  const problem = schema(problemSchema, 'output');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Reeve', version: '1',
      description: 'Hosts many Django and Wagtail sites from one codebase. What takes time answers 202 with a run, which `GET /runs/{id}` shows until it has ended.',
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { session: [], csrf: [] }],
    tags: [...new Set([...root, ...versioned].map((route) => route.tag))].map((name) => ({ name })),
    paths,
    webhooks: { incident: { post: webhook(schema(alertWebhookSchema, 'output'), example) } },
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token, `reeve_…`' },
        session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'What the dashboard’s sign-in sets' },
        csrf: { type: 'apiKey', in: 'header', name: CSRF_HEADER, description: 'With the cookie, on all that is not GET: the `_csrf` of any form of the session’s pages' },
      },
      schemas: Object.fromEntries([...components].sort(([a], [b]) => a.localeCompare(b))),
      responses: {
        Problem: { description: `What went wrong; its type is one of ${Object.keys(ERRORS).join(', ')}`, content: { 'application/problem+json': { schema: problem } } },
      },
    },
  };
}

type Described = (of: AnySchema, io: 'input' | 'output') => Json;

function operation(route: Route, schema: Described, example: (of: Json) => unknown): Json {
  const shown = (of: Json): Json => ({ schema: of, example: example(of) });
  const headers: Json = { 'X-Request-Id': { schema: { type: 'string' } } };
  if (route.status === 202 || route.orStatus === 202) headers.Location = { description: 'The run', schema: { type: 'string' } };
  const parameters = [
    ...parametersOf('path', route.params, schema),
    ...parametersOf('query', route.query, schema),
    ...(route.ifMatch ? [header('If-Match', 'The rev that was read (the ETag of GET), or *', route.ifMatch === true)] : []),
    ...(route.produces === 'text/event-stream' ? [header('Last-Event-ID', 'The id of the last event that was read: goes on behind it', false)] : []),
    ...(route.method === 'POST' && takesKey(route) ? [header('Idempotency-Key', 'Makes a repeated request one', false)] : []),
  ];
  const answer = route.answer && schema(route.answer, 'output');
  const content = answer && { [route.produces ?? 'application/json']: route.produces ? { schema: answer } : shown(answer) };
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.description ? { description: route.description } : {}),
    ...(route.action === null ? { security: [] } : { 'x-action': route.action }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body ? { requestBody: { required: !route.bodyOptional, content: { 'application/json': shown(schema(route.body, 'input')) } } } : {}),
    responses: {
      ...Object.fromEntries([route.status, ...(route.orStatus ? [route.orStatus] : [])].map((status) => [
        status, { description: words(status), headers, ...(content ? { content } : {}) },
      ])),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** What a channel of the kind `webhook` is sent. */
function webhook(body: Json, example: (of: Json) => unknown): Json {
  const of = (name: string, description: string) => header(name, description, true);
  return {
    operationId: 'onIncident', tags: ['Alerts'], summary: 'Incidents that opened, are still open, or are over', security: [],
    description: 'Any 2xx within ten seconds is received; anything else is tried again, with the same delivery and in order. Compare the signature before you believe it, and refuse a timestamp that is minutes old.',
    parameters: [
      of('X-Reeve-Delivery', 'The same at each attempt: receivers know a repeated one by it'), of('X-Reeve-Event', 'The kind: opened, repeated, resolved or test'),
      of('X-Reeve-Timestamp', 'Seconds since 1970'), of('X-Reeve-Signature', '`v1=` and the hex HMAC-SHA256, under the channel’s secret, of the timestamp, a full stop and the body'),
    ],
    requestBody: { required: true, content: { 'application/json': { schema: body, example: example(body) } } },
    responses: { '2XX': { description: 'Received' } },
  };
}

function parametersOf(place: 'path' | 'query', of: AnySchema | undefined, schema: Described): Json[] {
  if (!of) return [];
  const { properties = {}, required = [] } = schema(of, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name, in: place, required: place === 'path' || required.includes(name), ...(description ? { description } : {}), schema: rest,
  }));
}

const header = (name: string, description: string, required: boolean): Json =>
  ({ name, in: 'header', required, description, schema: { type: 'string' } });

/** `POST /sites/{site}/suspend` → `postSitesSuspend`. */
function operationId({ method, path }: Route): string {
  const parts = path.split('/').filter((part) => part !== '');
  const names = parts.map((part) => part.replace(/^\{(.*)\}$/, 'by-$1')).flatMap((part) => part.split(/[^A-Za-z0-9]+/));
  return method.toLowerCase() + names.filter(Boolean).map((name) => name[0]!.toUpperCase() + name.slice(1)).join('');
}

const words = (status: number): string =>
  ({ 200: 'Done', 201: 'Made', 202: 'Accepted: its run goes on', 204: 'Done' })[status] ?? '';

/** A schema's JSON Schema, with what has an id moved to components and referred to. Input and output may differ by defaults. */
function inlined(of: AnySchema, io: 'input' | 'output', components: Map<string, Json>): Json {
  const { $schema: _, $defs, ...own } = z.toJSONSchema(of, {
    io, target: 'draft-2020-12', unrepresentable: 'any', reused: 'inline',
    override: ({ jsonSchema }) => {
      delete (jsonSchema as Json).id;
    },
  }) as Json;
  for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, Json>)) components.set(name, referring(definition));
  const id = z.globalRegistry.get(of)?.id;
  if (id === undefined || typeof own.$ref === 'string') return referring(own);
  components.set(id, referring(own));
  return { $ref: `#/components/schemas/${id}` };
}

function referring(json: Json): Json {
  return JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
}
