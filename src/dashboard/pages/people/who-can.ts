/** Why may somebody do something somewhere, or why not; and who can. */
import { isAction } from '../../../domain/permission.ts';
import type { Decision, WhoCan } from '../../../domain/resources/people.ts';
import { actionBoxes } from '../../action-boxes.ts';
import { typed } from '../../form.ts';
import { page } from '../../page.ts';
import { part } from '../../parts.ts';
import { siteNames } from '../../subjects.ts';
import { mustSomewhere, peopleTabs } from './tabs.ts';

const whoCan = page({
  path: '/people/who-can',
  async handle(view) {
    mustSomewhere(view, 'grant:read');
    const { routes, query } = view;
    const [user, site] = [typed(query.user), typed(query.site)];
    const action = query.action !== undefined && isAction(query.action) ? query.action : 'site:update';
    const asked = Object.keys(query).length > 0;
    const [decision, who] = await Promise.all([
      asked && user !== undefined ? part(routes.get<Decision>('/users/{user}/can', { params: { user }, query: { action, site } })) : null,
      asked && user === undefined ? part(routes.get<WhoCan>('/who-can', { query: { action, site } })) : null,
    ]);
    // A site is known by its name here.
    const id = (decision?.ok && decision.value.site) || (who?.ok && who.value.site) || null;
    const names = await part(siteNames(routes, [id]));
    const named = <Part extends { readonly why: string }>(each: Part): Part => ({ ...each, why: id === null ? each.why : each.why.replaceAll(id, (names.ok && names.value.get(id)) || id) });
    return {
      template: 'people-who-can', title: 'Who can?',
      data: {
        user, site, action, groups: actionBoxes([action]), onSitesAlone: !view.may('grant:read'), tabs: peopleTabs(view, '/people/who-can'),
        decision: decision?.ok ? { ok: true, ...named(decision.value) } : decision, who: who?.ok ? { ok: true, items: who.value.items.map(named) } : who,
      },
    };
  },
});

export const whoCanPages = [whoCan];
