import { z } from 'zod';
import { within } from '../../database/pool.ts';
import { listContainers, readContainer } from '../../database/read/containers.ts';
import { lastOf, orderedPage } from '../../database/read/page.ts';
import { recordDecision } from '../../database/remediations.ts';
import { requestDrainContainer, requestLaunchContainer } from '../../database/requests/containers.ts';
import { requestReplaceContainer } from '../../database/requests/replace-container.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { containerCondition, containerOrder, containerSchema, drainContainerSchema, launchContainerSchema, replaceContainerSchema } from '../../domain/resources/container.ts';
import { route } from '../route.ts';

const tag = 'Containers';
const params = z.strictObject({ container: z.string().max(64) });

export const containerRoutes = [
  route({
    method: 'GET', path: '/containers', action: 'container:read', tag, summary: 'List the containers', status: 200,
    query: z.strictObject({
      ...pageQuery,
      ended: z.stringbool().default(false).meta({ description: 'Also those that have ended' }),
      state: containerCondition.optional().meta({ description: '`lost`: its lease has lapsed; `behind`: it serves not all of the newest generation' }),
      search: z.string().trim().max(200).optional().meta({ description: 'In its id or its address' }),
      sort: containerOrder.default('id').meta({ description: '`-behind` gives first what needs a look: silent ones, then the furthest behind' }),
    }),
    answer: pageOf(containerSchema, 'Container'),
    async handle({ db, query: { limit, cursor, ...filter } }) {
      const rows = await listContainers(db, { ...filter, limit, after: lastOf(cursor) });
      return { body: orderedPage(rows, limit, ({ container }) => container, ({ id }) => id) };
    },
  }),
  route({
    method: 'GET', path: '/containers/{container}', action: 'container:read', tag, summary: 'One container', status: 200,
    params, answer: containerSchema,
    handle: async ({ db, params: { container } }) => ({ body: await readContainer(db, container) }),
  }),
  route({
    method: 'POST', path: '/containers', action: 'container:launch', tag, summary: 'Launch one more', status: 202,
    body: launchContainerSchema, bodyOptional: true, answer: containerSchema,
    async handle({ db, body, asking }) {
      const { container, run } = await requestLaunchContainer(asking(), body);
      return { body: await readContainer(db, container), run };
    },
  }),
  route({
    method: 'POST', path: '/containers/{container}/drain', action: 'container:drain', tag, status: 202,
    summary: 'Send it no more visitors, let it finish, and end it',
    params, body: drainContainerSchema, bodyOptional: true, answer: containerSchema,
    async handle({ db, params: { container }, body, asking }) {
      const { run } = await requestDrainContainer(asking(), { container, ...body });
      return { body: await readContainer(db, container), run };
    },
  }),
  route({
    method: 'POST', path: '/containers/{container}/replace', action: 'container:replace', tag, status: 202,
    summary: 'Launch another one in its place, and end it once that one serves',
    params, body: replaceContainerSchema, bodyOptional: true, answer: containerSchema,
    handle: ({ db, params: { container }, body, actor, asking }) => within(db, async (db) => {
      const { run } = await requestReplaceContainer({ ...asking({ reason: body?.reason }), db }, { container, incarnation: body?.incarnation });
      const found = await readContainer(db, container);
      await recordDecision(db, { action: 'replace', decision: 'acted', reason: `${actor.name} asked for it` },
        { incident: null, container, incarnation: found.incarnation, run });
      return { body: found, run };
    }),
  }),
];
