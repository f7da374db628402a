/** What is not part of the versioned API: for those who start, watch and read it. */
import { z } from 'zod';
import { translated } from '../../database/errors.ts';
import { ReeveError } from '../../domain/errors.ts';
import { openApiDocument } from '../openapi.ts';
import { type Route, route } from '../route.ts';

const tag = 'Health';

const readySchema = z
  .strictObject({ ready: z.literal(true), database: z.literal('here'), temporal: z.enum(['here', 'away', 'unknown']) })
  .meta({ id: 'Ready' });

/** @param versioned the routes that the document describes beside these */
export function rootRoutesFor(versioned: () => readonly Route[]): Route[] {
  let document: Record<string, unknown> | undefined;
  const root: Route[] = [
    route({
      method: 'GET', path: '/healthz', action: null, tag, summary: 'This process runs', status: 200,
      answer: z.strictObject({ alive: z.literal(true) }),
      handle: async () => ({ body: { alive: true } }),
    }),
    route({
      method: 'GET', path: '/readyz', action: null, tag, status: 200, answer: readySchema,
      summary: 'This process can serve requests: the platform’s database answers',
      description: 'Temporal being away stops no request: runs are kept, and started when it is back.',
      async handle({ deps }) {
        const { rows } = await translated(deps.pool.query<{ migrated: boolean }>("select to_regclass('run') is not null as migrated"));
        if (!rows[0]!.migrated) throw new ReeveError('unavailable', 'the platform’s database is not migrated yet');
        const status = await deps.temporalStatus?.();
        return { body: { ready: true, database: 'here', temporal: status === undefined ? 'unknown' : status.connected ? 'here' : 'away' } };
      },
    }),
    route({
      method: 'GET', path: '/metrics', action: 'platform:read', tag, summary: 'Prometheus metrics of this process', status: 200,
      produces: 'text/plain', answer: z.string(),
      handle: async ({ deps }) => ({ body: await deps.metrics.registry.metrics(), type: deps.metrics.registry.contentType }),
    }),
    route({
      method: 'GET', path: '/openapi.json', action: null, tag, summary: 'This API, as OpenAPI 3.1', status: 200,
      answer: z.looseObject({ openapi: z.string() }),
      async handle() {
        document ??= openApiDocument(root, versioned());
        return { body: document };
      },
    }),
  ];
  return root;
}
