import type { Page as List } from '../../../domain/resources/common.ts';
import { type User, userSchema } from '../../../domain/resources/people.ts';
import { type Column, columnsOf } from '../../columns.ts';
import { teamChoices, teamFilter } from '../../giving.ts';
import { mayAnywhere } from '../../nav.ts';
import { page } from '../../page.ts';
import { choices, pagingOf } from '../../parts.ts';
import { spaced } from '../../words.ts';
import { peopleTabs } from './tabs.ts';

const COLUMNS: readonly Column[] = [
  { label: 'Who', by: 'name' }, { label: 'State' }, { label: 'Teams', wide: true }, { label: 'Codes', wide: true }, { label: 'Last seen', by: 'seen', down: true },
];

const users = page({
  path: '/people',
  async handle(view) {
    const { routes, query, who } = view;
    const { q, state, team, sort = 'name', cursor } = query;
    const [list, teams] = await Promise.all([routes.get<List<User>>('/users', { query: { search: q?.trim(), state, team, sort, cursor } }), teamChoices(view)]);
    return {
      template: 'people', title: 'People',
      data: {
        users: list.items, q, sort, columns: columnsOf('/people', query, sort, COLUMNS), filtered: Boolean(q || state || team), paging: pagingOf('/people', query, list), tabs: peopleTabs(view, '/people'),
        states: choices('Any state', userSchema.shape.state.options, spaced, state),
        teams: teamFilter(teams, team),
        mayInvite: mayAnywhere(who.grantee, 'user:invite'),
      },
    };
  },
});

export const userListPages = [users];
