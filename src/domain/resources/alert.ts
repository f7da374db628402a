/** Channels through which people are told of incidents, and the log of what was sent. */
import { z } from 'zod';
import { SEVERITIES } from '../alerting.ts';
import { isId } from '../id.ts';
import { orderBy, rev, timestamp } from './common.ts';

export const channelId = z.string().refine((text) => isId('n', text), 'must be an id like n012345678')
  .meta({ pattern: '^n[0-9a-hjkmnp-tv-z]{9}$', example: 'n012345678' });
const channelKind = z.enum(['webhook', 'email', 'slack']);
const deliveryState = z.enum(['pending', 'delivered', 'failed', 'dropped']);
const severity = z.enum(SEVERITIES);

const name = z.string().trim().min(1).max(100).regex(/^[^\p{Cc}\p{Cf}]+$/u, 'must be one line of plain characters');

const routing = z.strictObject({
  severities: z.array(severity).min(1).max(3).default(['warning', 'critical']),
  subjects: z.array(z.string().min(1).max(200).regex(/^[\w.:*-]+$/, 'must be like site:* or hostname:*.example.org')).max(50).default([])
    .meta({ description: 'Patterns of subjects; none means any', example: ['site:*', 'platform'] }),
}).meta({ id: 'AlertRouting' });

const hookUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).max(2_000).refine((text) => {
  const url = URL.parse(text);
  return url !== null && url.username === '' && url.password === '' && url.hostname !== '';
}, 'must have a host and no credentials in it');

const password = z.string().min(1).max(500);
const webhookConfig = z.strictObject({
  url: hookUrl, secret: z.string().min(16).max(200).meta({ description: 'Signs each message: HMAC-SHA256 of `<timestamp>.<body>`' }),
});
const slackConfig = z.strictObject({ url: hookUrl });
const emailConfig = z.strictObject({
  from: z.email().max(254),
  to: z.array(z.email().max(254)).min(1).max(20),
  host: z.string().min(1).max(253).regex(/^[0-9A-Za-z.:-]+$/, 'must be a host name or an address'),
  port: z.int().min(1).max(65_535).default(587),
  security: z.enum(['starttls', 'tls', 'none']).default('starttls'),
  user: z.string().min(1).max(254).optional(),
  password: password.optional(),
}).refine(({ user, password: given }) => (user === undefined) === (given === undefined), { path: ['password'], message: 'user and password come together' })
  .refine(({ security, password: given }) => security !== 'none' || given === undefined, { path: ['security'], message: 'credentials go over TLS only' });

/** What a channel of each kind holds: all of it is kept encrypted, and nothing that is secret is given back. */
export const channelConfigs = { webhook: webhookConfig, slack: slackConfig, email: emailConfig } as const;
export type ChannelKind = keyof typeof channelConfigs;
export type ChannelConfig<Kind extends ChannelKind = ChannelKind> = z.output<(typeof channelConfigs)[Kind]>;

const common = { name, routing: routing.prefault({}), enabled: z.boolean().default(true) };
export const createChannelSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('webhook'), config: webhookConfig }),
  z.strictObject({ ...common, kind: z.literal('slack'), config: slackConfig }),
  z.strictObject({ ...common, kind: z.literal('email'), config: emailConfig }),
]).meta({ id: 'CreateChannel' });
export type CreateChannel = z.output<typeof createChannelSchema>;

export const updateChannelSchema = z.strictObject({
  name: name.optional(),
  routing: routing.optional(),
  enabled: z.boolean().optional(),
  config: z.record(z.string().max(50), z.unknown()).optional().meta({ description: 'The fields to change; the others stay' }),
}).refine((body) => Object.values(body).some((value) => value !== undefined), 'say what is to change').meta({ id: 'UpdateChannel' });
export type UpdateChannel = z.output<typeof updateChannelSchema>;

export const channelSchema = z.strictObject({
  id: channelId, rev, name: z.string(), kind: channelKind,
  target: z.string().meta({ description: 'Where it goes, without what is secret' }),
  routing: z.strictObject({ severities: z.array(severity), subjects: z.array(z.string()) }),
  enabled: z.boolean(), createdAt: timestamp,
  last: z.strictObject({ state: deliveryState, at: timestamp, lastError: z.string().nullable() }).nullable().meta({ description: 'Its newest delivery' }),
}).meta({ id: 'Channel' });
export type Channel = z.infer<typeof channelSchema>;

export const channelOrder = orderBy('name', 'created');
export type ChannelOrder = z.infer<typeof channelOrder>;

export const deliverySchema = z.strictObject({
  id: z.uuid().meta({ description: 'The same at each attempt: receivers know a repeated one by it' }),
  channel: channelId, channelName: z.string(), kind: z.enum(['opened', 'repeated', 'resolved', 'test']),
  incidents: z.array(z.int()), state: deliveryState, attempts: z.int(), lastError: z.string().nullable(),
  at: timestamp, nextAt: timestamp.nullable(), endedAt: timestamp.nullable(),
}).meta({ id: 'Delivery' });
export type Delivery = z.infer<typeof deliverySchema>;

export const deliveryOrder = orderBy('at');
export type DeliveryOrder = z.infer<typeof deliveryOrder>;

/** What a webhook gets. */
export const alertWebhookSchema = z.strictObject({
  delivery: z.uuid().meta({ description: 'As in `X-Reeve-Delivery`' }),
  title: z.string().meta({ description: 'One line', example: '[Reeve example.org] critical: alpha does not answer' }),
  kind: z.enum(['opened', 'repeated', 'resolved', 'test']),
  platform: z.string().meta({ description: 'Its base domain', example: 'example.org' }),
  severity,
  count: z.int().meta({ description: 'How many incidents it is about' }),
  incidents: z.array(z.strictObject({
    id: z.int(), subject: z.string(), cause: z.string(), severity, state: z.enum(['open', 'acknowledged', 'closed']), title: z.string(),
    openedAt: timestamp, closedAt: timestamp.nullable(), closedWhy: z.string().nullable(),
  })).max(20).meta({ description: 'The gravest of them' }),
}).meta({ id: 'AlertWebhook' });

/** What may be shown: an address's path and query are often the secret. */
export function targetOf(kind: ChannelKind, config: ChannelConfig): string {
  if (kind !== 'email') return new URL((config as ChannelConfig<'slack'>).url).origin;
  const { to, host, port } = config as ChannelConfig<'email'>;
  return `${to.join(', ')} by ${host}:${port}`;
}
