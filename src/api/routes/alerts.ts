import { z } from 'zod';
import { createChannel, listChannels, readChannel, removeChannel, updateChannel } from '../../database/alerts/channels.ts';
import { listDeliveries, readDelivery, requestTest } from '../../database/alerts/deliveries.ts';
import { within } from '../../database/pool.ts';
import { decodeCursor, lastOf, orderedPage, pageFrom } from '../../database/read/page.ts';
import { writeAudit } from '../../database/write-audit.ts';
import { channelOrder, channelSchema, createChannelSchema, deliveryOrder, deliverySchema, updateChannelSchema } from '../../domain/resources/alert.ts';
import { pageOf, pageQuery } from '../../domain/resources/common.ts';
import { route } from '../route.ts';

const tag = 'Alerts';
const params = z.strictObject({ channel: z.string().max(64) });

export const alertRoutes = [
  route({
    method: 'GET', path: '/alerts/channels', action: 'alert:read', tag, summary: 'Who is told of incidents, and how', status: 200,
    query: z.strictObject({ ...pageQuery, sort: channelOrder.default('name') }), answer: pageOf(channelSchema, 'Channel'),
    async handle({ db, query: { limit, cursor, sort } }) {
      const rows = await listChannels(db, { limit, after: lastOf(cursor), sort });
      return { body: orderedPage(rows, limit, ({ channel }) => channel, ({ id }) => id) };
    },
  }),
  route({
    method: 'POST', path: '/alerts/channels', action: 'alert:write', tag, summary: 'Add a channel', status: 201,
    description: 'Addresses, keys and passwords are kept encrypted and never given back. A webhook gets JSON with `X-Reeve-Delivery` (the same at each attempt), `X-Reeve-Event`, `X-Reeve-Timestamp` and `X-Reeve-Signature`: `v1=` and the hex HMAC-SHA256, under its secret, of the timestamp, a full stop and the body.',
    body: createChannelSchema, answer: channelSchema,
    async handle({ deps, body, asking }) {
      const made = await createChannel(asking(), deps.alertsKey, body);
      return { body: made, etag: made.rev };
    },
  }),
  route({
    method: 'GET', path: '/alerts/channels/{channel}', action: 'alert:read', tag, summary: 'One channel', status: 200,
    params, answer: channelSchema,
    async handle({ db, params: { channel } }) {
      const found = await readChannel(db, channel);
      return { body: found, etag: found.rev };
    },
  }),
  route({
    method: 'PATCH', path: '/alerts/channels/{channel}', action: 'alert:write', tag, summary: 'Change some of it', status: 200,
    params, body: updateChannelSchema, answer: channelSchema, ifMatch: true,
    async handle({ deps, params: { channel }, body, asking }) {
      const changed = await updateChannel(asking(), deps.alertsKey, channel, body);
      return { body: changed, etag: changed.rev };
    },
  }),
  route({
    method: 'DELETE', path: '/alerts/channels/{channel}', action: 'alert:write', tag, summary: 'Remove a channel', status: 204,
    params, ifMatch: true,
    async handle({ params: { channel }, asking }) {
      await removeChannel(asking(), channel);
      return {};
    },
  }),
  route({
    method: 'POST', path: '/alerts/channels/{channel}/test', action: 'alert:test', tag, status: 201,
    summary: 'Send a test through it', description: 'The delivery says what became of it.', params, answer: deliverySchema,
    handle: ({ db, params: { channel }, actor }) => within(db, async (db) => {
      const body = await requestTest(db, channel);
      await writeAudit(db, { actor, action: 'channel.tested', subject: `channel:${channel}`, after: { delivery: body.id } });
      return { body };
    }),
  }),
  route({
    method: 'GET', path: '/alerts/deliveries', action: 'alert:read', tag, summary: 'What was sent, newest first unless asked otherwise', status: 200,
    query: z.strictObject({
      ...pageQuery, channel: z.string().max(64).optional(), state: deliverySchema.shape.state.optional(), sort: deliveryOrder.default('-at'),
    }),
    answer: pageOf(deliverySchema, 'Delivery'),
    async handle({ db, query: { limit, cursor, ...filter } }) {
      const [after] = decodeCursor<[number]>(cursor, 'number') ?? [];
      const { items, next } = pageFrom(await listDeliveries(db, { ...filter, limit, after }), limit, (each) => [each.seq]);
      return { body: { items: items.map(({ delivery }) => delivery), next } };
    },
  }),
  route({
    method: 'GET', path: '/alerts/deliveries/{delivery}', action: 'alert:read', tag, summary: 'One of them', status: 200,
    params: z.strictObject({ delivery: z.uuid() }), answer: deliverySchema,
    handle: async ({ db, params: { delivery } }) => ({ body: await readDelivery(db, delivery) }),
  }),
];
