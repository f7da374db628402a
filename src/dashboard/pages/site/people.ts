import type { Action } from '../../../domain/permission.ts';
import type { Page as List } from '../../../domain/resources/common.ts';
import type { GrantResource } from '../../../domain/resources/people.ts';
import { path } from '../../address.ts';
import { columnsOf } from '../../columns.ts';
import { typed } from '../../form.ts';
import { GRANT_COLUMNS, give, grantRows, roleChoices, take, teamChoices } from '../../giving.ts';
import { action, page } from '../../page.ts';
import { pagingOf, part } from '../../parts.ts';
import { saying } from '../../said.ts';
import { siteAt } from './read.ts';

/** What people ask about most. Any other is asked under People. */
const ASKED: readonly Action[] = ['site:read', 'site:logs', 'site:update', 'env:write', 'hostname:bind', 'site:login', 'site:delete'];

/** Who was given something on this site, and who may do what with it, whatever that comes from. */
const peoplePage = page({
  path: '/sites/{site}/people',
  async handle(view) {
    const { site, base, tabs, allowed } = await siteAt(view);
    const asked = ASKED.find((each) => each === view.query.action) ?? 'site:update';
    const { sort = '-created', cursor } = view.query;
    const [grants, who, roles, teams] = await Promise.all([
      part(view.routes.get<List<GrantResource>>('/grants', { query: { site: site.id, sort, cursor } })),
      part(view.routes.get<{ items: { kind: string; name: string; why: string }[] }>('/who-can', { query: { action: asked, site: site.id } })),
      roleChoices(view), teamChoices(view),
    ]);
    return {
      template: 'site-people', title: `${site.name}: people`,
      data: {
        site, base, tabs, mayGive: allowed('grant:write'), roles, teams,
        who: who.ok ? { ok: true, items: who.value.items.map((each) => ({ ...each, why: each.why.replaceAll(site.id, site.name) })) } : who,
        grants: grants.ok ? { ok: true, items: grantRows(view, grants.value.items) } : grants,
        columns: columnsOf(`${base}/people`, view.query, sort, GRANT_COLUMNS), paging: grants.ok ? pagingOf(`${base}/people`, view.query, grants.value) : null,
        actions: ASKED.map((each) => ({ value: each, chosen: each === asked })),
      },
    };
  },
});

const giveHere = action({
  path: '/sites/{site}/people', from: peoplePage,
  async handle(view) {
    const { params, form } = view;
    await give(view, { user: typed(form.user), team: typed(form.team), site: params.site! });
    return { redirect: saying('given', path`/sites/${params.site!}/people`) };
  },
});

const takeHere = action({
  path: '/sites/{site}/people/remove', from: peoplePage,
  async handle(view) {
    await take(view);
    return { redirect: saying('taken', path`/sites/${view.params.site!}/people`) };
  },
});

export const peoplePages = [peoplePage, giveHere, takeHere];
