import type { Page as List } from '../../../domain/resources/common.ts';
import type { GrantResource } from '../../../domain/resources/people.ts';
import { columnsOf } from '../../columns.ts';
import { typed } from '../../form.ts';
import { GRANT_COLUMNS, give, giveForm, grantRows, take, teamChoices, teamFilter } from '../../giving.ts';
import { action, page } from '../../page.ts';
import { pagingOf, part } from '../../parts.ts';
import { saying } from '../../said.ts';
import { mustSomewhere, peopleTabs } from './tabs.ts';

const grants = page({
  path: '/people/grants',
  async handle(view) {
    mustSomewhere(view, 'grant:read');
    const { routes, query } = view;
    const { user, team, site, sort = '-created', cursor } = query;
    const asked = { user: typed(user), team: typed(team), site: typed(site) };
    // A name that is typed only half yet names nobody: said above an empty list.
    const [list, giving, teams] = await Promise.all([part(routes.get<List<GrantResource>>('/grants', { query: { ...asked, sort, cursor } })), giveForm(view), teamChoices(view)]);
    return {
      template: 'people-grants', title: 'Grants',
      data: {
        grants: list.ok ? { ok: true, items: grantRows(view, list.value.items) } : list, paging: list.ok ? pagingOf('/people/grants', query, list.value) : null,
        asked, sort, columns: columnsOf('/people/grants', query, sort, GRANT_COLUMNS), filtered: Object.values(asked).some((each) => each !== undefined), ...giving, teams,
        teamFilter: teamFilter(teams, team), tabs: peopleTabs(view, '/people/grants'),
      },
    };
  },
});

const giveIt = action({
  path: '/people/grants', from: grants,
  async handle(view) {
    const { user, team } = view.form;
    await give(view, { user: typed(user), team: typed(team) });
    return { redirect: saying('given', '/people/grants') };
  },
});

const takeIt = action({
  path: '/people/grants/take', from: grants,
  async handle(view) {
    await take(view);
    return { redirect: saying('taken', '/people/grants') };
  },
});

export const grantPages = [grants, giveIt, takeIt];
