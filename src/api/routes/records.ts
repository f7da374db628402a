import { z } from 'zod';
import { decodeCursor, pageFrom } from '../../database/read/page.ts';
import { listEvents } from '../../database/read/records.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { eventSchema } from '../../domain/resources/record.ts';
import { route } from '../route.ts';
import { sendEvents } from '../stream/send-events.ts';

const STREAM = [
  'The first message is `ready`; then each change of desired state is an `event`, and what happens on the way (a run that begins or ends, a step, an incident) a `notice`. ',
  'Data are JSON: `{"type": "hostname.bound", "at": "…", "generation": 1842, "metadata": {"site": "s012345678"}}`; a notice has no generation. ',
  'Each has an id; send the last one as `Last-Event-ID` (browsers do) to go on from there, with nothing missed and nothing twice. A comment every 15 s keeps the connection. ',
  'A client that leaves a megabyte unread is dropped, and goes on in the same way.',
].join('');

export const recordRoutes = [
  route({
    method: 'GET', path: '/events', action: 'event:read', on: 'any', tag: 'Events', summary: 'Changes of desired state', status: 200,
    query: z.strictObject({
      ...pageQuery,
      after: z.coerce.number().int().min(0).default(0).meta({ description: 'A generation' }),
      type: z.string().max(100).optional().meta({ description: 'One, or all that begin so: `hostname.`', example: 'hostname.bound' }),
      site: z.string().max(64).optional().meta({ description: 'Its id or name' }),
      sort: z.enum(['id', '-id']).default('id').meta({ description: 'Oldest first, to follow them; or newest first' }),
    }),
    answer: pageOf(eventSchema, 'Event'),
    async handle({ db, shownSites, query: { limit, cursor, after, type, site, sort } }) {
      const [from] = decodeCursor<[number]>(cursor, 'number') ?? [];
      const where = sort === 'id' ? { after: from ?? after } : { after, before: from ?? Number.MAX_SAFE_INTEGER };
      return { body: pageFrom(await listEvents(db, { ...where, limit, type, sites: await shownSites(site) }), limit, (each) => [each.id]) };
    },
  }),
  route({
    method: 'GET', path: '/stream', action: 'event:read', on: 'any', tag: 'Events', status: 200, stream: true,
    summary: 'Events and notices as they happen (server-sent events)',
    description: STREAM,
    produces: 'text/event-stream', answer: z.string(),
    async handle({ deps, sites, request, response }) {
      await sendEvents(deps.hub, request, response, sites);
      return {};
    },
  }),
];
