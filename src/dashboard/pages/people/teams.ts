import type { Page as List } from '../../../domain/resources/common.ts';
import type { GrantResource, Team, TeamMember } from '../../../domain/resources/people.ts';
import { path } from '../../address.ts';
import { type Column, columnsOf } from '../../columns.ts';
import { requireTyped } from '../../form.ts';
import { give, giveForm, grantRows, take } from '../../giving.ts';
import { action, page, type View } from '../../page.ts';
import { pagingOf, part } from '../../parts.ts';
import { type Said, saying } from '../../said.ts';
import { peopleTabs } from './tabs.ts';

const COLUMNS: readonly Column[] = [{ label: 'Team', by: 'name' }, { label: 'Members', by: 'members', down: true }, { label: 'Made', by: 'created', down: true, wide: true }];

const memberColumns = (mayWrite: boolean): readonly Column[] => [
  { label: 'Who', by: 'name' }, { label: 'Since', by: 'added', down: true, wide: true }, ...(mayWrite ? [{ label: 'Take out', right: true, unseen: true } as const] : []),
];

const list = page({
  path: '/people/teams',
  async handle(view) {
    const { routes, query, may } = view;
    const { q, sort = 'name', cursor } = query;
    const teams = await routes.get<List<Team>>('/teams', { query: { search: q?.trim(), sort, cursor } });
    return {
      template: 'people-teams', title: 'Teams',
      data: {
        teams: teams.items, q, sort, filtered: Boolean(q), columns: columnsOf('/people/teams', query, sort, COLUMNS), paging: pagingOf('/people/teams', query, teams),
        mayWrite: may('team:write'), tabs: peopleTabs(view, '/people/teams'),
      },
    };
  },
});

const create = action({
  path: '/people/teams', from: list,
  async handle({ routes, form }) {
    const { body } = await routes.send<Team>('POST', '/teams', { body: { name: form.name ?? '' } });
    return { redirect: saying('team-made', path`/people/teams/${body.id}`) };
  },
});

const teamAt = ({ routes, params }: View): Promise<Team> => routes.get<Team>('/teams/{team}', { params: { team: params.team! } });
const baseOf = ({ params }: Pick<View, 'params'>): string => path`/people/teams/${params.team!}`;

const one = page({
  path: '/people/teams/{team}',
  async handle(view) {
    const { routes, query, may } = view;
    const { sort = 'name', cursor } = query;
    const team = await teamAt(view);
    const [members, grants, giving] = await Promise.all([
      routes.get<List<TeamMember>>('/teams/{team}/members', { params: { team: team.id }, query: { sort, cursor } }),
      part(routes.get<List<GrantResource>>('/grants', { query: { team: team.id } })), giveForm(view),
    ]);
    return {
      template: 'people-team', title: `Team ${team.name}`,
      data: {
        team, base: baseOf(view), members: members.items, columns: columnsOf(baseOf(view), query, sort, memberColumns(may('team:write'))), paging: pagingOf(baseOf(view), query, members), mayWrite: may('team:write'),
        grants: grants.ok ? { ok: true, items: grantRows(view, grants.value.items), more: grants.value.next !== null } : grants, ...giving, tabs: peopleTabs(view, '/people/teams'),
      },
    };
  },
});

/** A form of the team’s page that leads back to it. */
const act = (name: string, said: Said, handle: (view: View, params: { team: string }) => Promise<unknown>) => action({
  path: `/people/teams/{team}/${name}`, from: one,
  async handle(view) {
    await handle(view, { team: view.params.team! });
    return { redirect: saying(said, baseOf(view)) };
  },
});

const acts = [
  act('add', 'member-added', ({ routes, form }, params) => routes.send('POST', '/teams/{team}/members', { params, body: { user: form.user?.trim() ?? '' } })),
  act('drop', 'member-removed', ({ routes, form }, params) => routes.send('DELETE', '/teams/{team}/members/{user}', { params: { ...params, user: form.member ?? '' } })),
  act('give', 'given', (view, params) => give(view, params)),
  act('take', 'taken', take),
];

const rename = action({
  path: '/people/teams/{team}/rename', from: one,
  async handle({ routes, params, form }) {
    const { body } = await routes.send<Team>('PATCH', '/teams/{team}', { params: { team: params.team! }, body: { name: form.name ?? '' } });
    return { redirect: saying('saved', path`/people/teams/${body.id}`) };
  },
});

const removing = page({
  path: '/people/teams/{team}/remove',
  async handle(view) {
    view.must('team:write');
    const { name } = await teamAt(view);
    return {
      template: 'people-remove', title: 'Remove a team',
      data: {
        heading: `Remove team ${name}?`, name, to: `${baseOf(view)}/remove`, back: baseOf(view), button: 'Remove it', tabs: peopleTabs(view, '/people/teams'),
        will: ['What the team was given is taken away: its members have it no more through it.', 'Its members stay, with what they were given themselves.'],
      },
    };
  },
});

const remove = action({
  path: '/people/teams/{team}/remove', from: removing,
  async handle(view) {
    const { id, name } = await teamAt(view);
    requireTyped(view.form, name, 'nothing was removed: the name does not match');
    await view.routes.send('DELETE', '/teams/{team}', { params: { team: id } });
    return { redirect: saying('team-removed', '/people/teams') };
  },
});

export const teamPages = [list, create, one, ...acts, rename, removing, remove];
