/** Who is told of incidents, and what became of it. */
import { SEVERITIES } from '../../../domain/alerting.ts';
import { ReeveError } from '../../../domain/errors.ts';
import type { Channel, ChannelKind, Delivery } from '../../../domain/resources/alert.ts';
import { channelConfigs, deliverySchema } from '../../../domain/resources/alert.ts';
import type { Page as List } from '../../../domain/resources/common.ts';
import { path } from '../../address.ts';
import { type Column, columnsOf } from '../../columns.ts';
import { type Fields, numeric, requireTyped, typed } from '../../form.ts';
import { action, page, type View } from '../../page.ts';
import { choices, everyPageOf, pagingOf, part } from '../../parts.ts';
import { saying } from '../../said.ts';
import { spaced } from '../../words.ts';
import { tabsOf } from './tabs.ts';

const KINDS: Readonly<Record<ChannelKind, string>> = { webhook: 'Webhook', email: 'E-mail', slack: 'Slack' };

const DELIVERIES: readonly Column[] = [{ label: 'When', by: 'at', down: true }, { label: 'Channel' }, { label: 'What' }, { label: 'State' }, { label: 'Attempts', wide: true }];

const list = page({
  path: '/settings/alerts',
  async handle({ routes, query, may }) {
    const { state, sort = '-at', cursor } = query;
    const [channels, deliveries] = await Promise.all([
      everyPageOf<Channel>(routes, '/alerts/channels', {}), part(routes.get<List<Delivery>>('/alerts/deliveries', { query: { state, sort, cursor, limit: 30 } })),
    ]);
    return {
      template: 'alerts', title: 'Alerts',
      data: {
        channels: channels.map((each) => ({ ...each, kindName: KINDS[each.kind] })), deliveries, filtered: Boolean(state), sort,
        columns: columnsOf('/settings/alerts', query, sort, DELIVERIES),
        states: choices('Any state', deliverySchema.shape.state.options, spaced, state),
        paging: deliveries.ok ? pagingOf('/settings/alerts', query, deliveries.value) : null, tabs: tabsOf('/settings/alerts', may),
        kinds: Object.entries(KINDS).map(([kind, label]) => ({ label, href: path`/settings/alerts/new/${kind}` })), mayWrite: may('alert:write'), mayTest: may('alert:test'),
      },
    };
  },
});

const ticks = (chosen: readonly string[]) => SEVERITIES.map((severity) => ({ name: `routing.severities.${severity}`, label: spaced(severity), ticked: chosen.includes(severity) }));

const fresh = page({
  path: '/settings/alerts/new/{kind}',
  async handle({ params, must }) {
    must('alert:write');
    const kind = kindIn(params);
    return {
      template: 'alert-channel', title: `New channel: ${KINDS[kind]}`,
      data: { kind, kindName: KINDS[kind], [kind]: true, to: path`/settings/alerts/new/${kind}`, severities: ticks(['warning', 'critical']) },
    };
  },
});

const add = action({
  path: '/settings/alerts/new/{kind}', from: fresh,
  async handle({ routes, params, form }) {
    const kind = kindIn(params);
    const { body } = await routes.send<Channel>('POST', '/alerts/channels', { body: { kind, name: form.name ?? '', routing: routingFrom(form), config: configFrom(form) } });
    return { redirect: saying('channel-added', path`/settings/alerts/${body.id}`) };
  },
});

const one = page({
  path: '/settings/alerts/{channel}',
  async handle({ routes, params, query, may }) {
    const channel = await routes.get<Channel>('/alerts/channels/{channel}', { params: { channel: params.channel! } });
    const deliveries = await part(routes.get<List<Delivery>>('/alerts/deliveries', { query: { channel: channel.id, cursor: query.cursor, limit: 20 } }));
    return {
      template: 'alert-channel', title: channel.name,
      data: {
        channel, kind: channel.kind, kindName: KINDS[channel.kind], [channel.kind]: true, to: path`/settings/alerts/${channel.id}`,
        severities: ticks(channel.routing.severities), subjects: channel.routing.subjects.join('\n'), deliveries,
        paging: deliveries.ok ? pagingOf(path`/settings/alerts/${channel.id}`, query, deliveries.value) : null,
        mayWrite: may('alert:write'), mayTest: may('alert:test'),
      },
    };
  },
});

const change = action({
  path: '/settings/alerts/{channel}', from: one,
  async handle({ routes, params, form }) {
    const config = configFrom(form);
    await routes.send('PATCH', '/alerts/channels/{channel}', {
      params: { channel: params.channel! }, ifMatch: form.rev ?? '',
      body: { name: form.name ?? '', routing: routingFrom(form), enabled: form.enabled === 'on', ...(Object.keys(config).length > 0 ? { config } : {}) },
    });
    return { redirect: saying('saved', path`/settings/alerts/${params.channel!}`) };
  },
});

const test = action({
  path: '/settings/alerts/{channel}/test', from: one,
  async handle({ routes, params }) {
    await routes.send('POST', '/alerts/channels/{channel}/test', { params: { channel: params.channel! } });
    return { redirect: saying('tested', path`/settings/alerts/${params.channel!}`) };
  },
});

const remove = action({
  path: '/settings/alerts/{channel}/remove', from: one,
  async handle({ routes, params, form }) {
    const channel = await routes.get<Channel>('/alerts/channels/{channel}', { params: { channel: params.channel! } });
    requireTyped(form, channel.name, 'nothing was removed: the name does not match');
    await routes.send('DELETE', '/alerts/channels/{channel}', { params: { channel: channel.id }, ifMatch: form.rev ?? '' });
    return { redirect: saying('channel-removed', '/settings/alerts') };
  },
});

/** @throws ReeveError `not-found` */
function kindIn({ kind }: View['params']): ChannelKind {
  if (kind === undefined || !Object.hasOwn(channelConfigs, kind)) throw new ReeveError('not-found', 'there is no such kind of channel');
  return kind as ChannelKind;
}

const routingFrom = (form: Fields) => ({
  severities: SEVERITIES.filter((severity) => form[`routing.severities.${severity}`] === 'on'),
  subjects: (form['routing.subjects'] ?? '').split(/[\s,]+/).filter(Boolean),
});

/** What was typed alone: an empty field of a channel that is there means what is kept. */
function configFrom(form: Fields): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(form)) {
    const field = /^config\.(\w+)$/.exec(name)?.[1];
    if (field === undefined || typed(text) === undefined) continue;
    config[field] = field === 'to' ? text.split(/[\s,;]+/).filter(Boolean) : field === 'port' ? numeric(text) : text.trim();
  }
  return config;
}

export const alertPages = [list, fresh, add, one, change, test, remove];
