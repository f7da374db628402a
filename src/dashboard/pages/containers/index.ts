import { CHECK_MS } from '../../../api/routes/integrity.ts';
import { ReeveError } from '../../../domain/errors.ts';
import type { Page as List } from '../../../domain/resources/common.ts';
import { type Container, containerCondition } from '../../../domain/resources/container.ts';
import type { Platform } from '../../../domain/resources/platform.ts';
import type { Incident, Remediation } from '../../../domain/resources/remediation.ts';
import { address, path } from '../../address.ts';
import { type Column, columnsOf } from '../../columns.ts';
import { requireTyped } from '../../form.ts';
import { action, page, type View } from '../../page.ts';
import { choices, pagingOf, part } from '../../parts.ts';
import { saying } from '../../said.ts';
import { sentenceOf, siteNames, subjectOf } from '../../subjects.ts';
import { statusOf } from '../../words.ts';
import { actNamed, actsFor, type ContainerAct } from './acts.ts';
import { driftPage } from './drift.ts';
import { rowOf } from './row.ts';

const FEW = 20;

const COLUMNS: readonly Column[] = [
  { label: 'Container', by: 'id' }, { label: 'State' }, { label: 'Generation', by: 'behind', down: true }, { label: 'Sites', wide: true },
  { label: 'Load', by: 'cpu', down: true, wide: true, right: true }, { label: 'Requests', by: 'requests', down: true, wide: true, right: true },
  { label: 'Started', by: 'started', down: true, wide: true },
];

const list = page({
  path: '/containers',
  async handle({ routes, query, may }) {
    const { q, state, sort = 'id', cursor } = query;
    const ended = query.ended === 'true';
    const [platform, containers] = await Promise.all([
      routes.get<Platform>('/platform'), routes.get<List<Container>>('/containers', { query: { search: q?.trim(), state, sort, ended, cursor } }),
    ]);
    const { cursor: _, ended: __, said: ___, ...rest } = query;
    return {
      template: 'containers', title: 'Containers',
      data: {
        containers: containers.items.map((each) => rowOf(each, platform)), q, sort, ended, filtered: Boolean(q || state), scaling: platform.scaling, generation: platform.generation,
        states: choices('Any state', containerCondition.options, (each) => statusOf(each).word, state), columns: columnsOf('/containers', query, sort, COLUMNS),
        other: { href: address('/containers', { ...rest, ended: ended ? null : true }) }, paging: pagingOf('/containers', query, containers), mayLaunch: may('container:launch'),
      },
    };
  },
});

const launch = action({
  path: '/containers', from: list,
  async handle({ routes }) {
    const { run } = await routes.send('POST', '/containers', { body: {} });
    return { redirect: path`/runs/${run!}` };
  },
});

const one = page({
  path: '/containers/{container}',
  async handle(view) {
    const { routes, params: { container: id }, query, may } = view;
    const [container, platform] = await Promise.all([
      routes.get<Container>('/containers/{container}', { params: { container: id! } }), routes.get<Platform>('/platform'),
    ]);
    const [incidents, decisions] = await Promise.all([
      part(routes.get<List<Incident>>('/incidents', { query: { container: id, limit: FEW } })),
      part(routes.get<List<Remediation>>('/remediations', { query: { container: id, cursor: query.cursor, limit: FEW } })),
    ]);
    const names = await siteNames(routes, [
      ...container.quarantined.map(({ site }) => site), ...container.waitingOn.map(({ site }) => (typeof site === 'string' ? site : null)),
    ]);
    return {
      template: 'container', title: `Container ${container.id}`,
      data: {
        container: rowOf(container, platform), generation: platform.generation, base: path`/containers/${container.id}`, decisions,
        paging: decisions.ok ? pagingOf(path`/containers/${container.id}`, query, decisions.value) : null,
        incidents: incidents.ok ? { ok: true, value: { items: incidents.value.items.map((each) => ({ ...each, title: sentenceOf(each.title, names) })), more: incidents.value.next !== null } } : incidents,
        quarantined: container.quarantined.map((each) => ({ ...each, about: subjectOf(`site:${each.site}`, names) })),
        waiting: container.waitingOn.map((each) => ({ ...each, about: typeof each.site === 'string' ? subjectOf(`site:${each.site}`, names) : null })),
        digests: Object.entries(container.digests).map(([name, digest]) => ({ name, digest })),
        acts: actsFor(container).filter((act) => may(act.action)), mayCheck: may('container:check') && container.state !== 'ended',
      },
    };
  },
});

/** Says what will happen, and asks once more. */
const confirm = page({
  path: '/containers/{container}/actions/{verb}',
  async handle(view) {
    const { container, act } = await chosen(view);
    view.must(act.action);
    return {
      template: 'container-act', title: `${act.title} ${container.id}`,
      data: { container, act, base: path`/containers/${container.id}`, possible: actsFor(container).some(({ verb }) => verb === act.verb) },
    };
  },
});

const doIt = action({
  path: '/containers/{container}/actions/{verb}', from: confirm,
  async handle(view) {
    const { container, act } = await chosen(view);
    const { routes, form } = view;
    if (act.danger) requireTyped(form, container.id, 'nothing was done: the id does not match');
    const { run } = await routes.send('POST', `/containers/{container}/${act.verb}`, {
      // Of the start that was looked at: one that came up anew meanwhile is another container.
      params: { container: container.id }, body: { incarnation: Number(form.incarnation ?? container.incarnation) },
    });
    return { redirect: path`/runs/${run!}` };
  },
});

const check = action({
  path: '/containers/{container}/check', from: one, longestMs: CHECK_MS,
  async handle({ routes, params: { container } }) {
    await routes.send('POST', '/containers/{container}/check', { params: { container: container! } });
    return { redirect: saying('checked', path`/containers/${container!}/drift`) };
  },
});

/** @throws ReeveError `not-found` */
async function chosen({ routes, params }: View): Promise<{ container: Container; act: ContainerAct }> {
  const act = actNamed(params.verb);
  if (!act) throw new ReeveError('not-found', 'there is no such action');
  return { container: await routes.get<Container>('/containers/{container}', { params: { container: params.container! } }), act };
}

export const containerPages = [list, launch, one, confirm, doIt, check, driftPage];
