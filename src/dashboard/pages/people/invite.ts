import type { z } from 'zod';
import type { Page as List } from '../../../domain/resources/common.ts';
import type { invitationSchema, OneTimeLink } from '../../../domain/resources/people.ts';
import { canMail } from '../../../sign-in/mail.ts';
import { path } from '../../address.ts';
import { type Column, columnsOf } from '../../columns.ts';
import { typed } from '../../form.ts';
import { givenIn, roleChoices, teamChoices } from '../../giving.ts';
import { action, page } from '../../page.ts';
import { pagingOf, part } from '../../parts.ts';
import { showLink } from './link.ts';
import { mustSomewhere, peopleTabs } from './tabs.ts';

const COLUMNS: readonly Column[] = [{ label: 'Who', by: 'name' }, { label: 'Good until', by: 'ends', down: true }, { label: 'A new link', right: true, unseen: true }];

const invite = page({
  path: '/people/invite',
  async handle(view) {
    mustSomewhere(view, 'user:invite');
    const { routes, may, query } = view;
    const { sort = '-ends', cursor } = query;
    const [roles, teams, waiting] = await Promise.all([
      roleChoices(view), may('team:write') ? teamChoices(view) : null,
      may('user:invite') ? part(routes.get<List<z.infer<typeof invitationSchema>>>('/invitations', { query: { sort, cursor } })) : null,
    ]);
    return {
      template: 'people-invite', title: 'Invite somebody',
      data: {
        roles: [{ value: '', label: 'Nothing yet' }, ...roles], teams, waiting, columns: columnsOf('/people/invite', query, sort, COLUMNS),
        paging: waiting?.ok ? pagingOf('/people/invite', query, waiting.value) : null, site: query.site, onSitesAlone: !may('user:invite'), tabs: peopleTabs(view, '/people'),
      },
    };
  },
});

/** Again for somebody who has not come yet, it makes them another link. */
const send = action({
  path: '/people/invite', from: invite,
  async handle(view) {
    const { deps, routes, form } = view;
    const { role, ...where } = givenIn(form);
    const { body } = await routes.send<OneTimeLink>('POST', '/invitations', {
      body: { email: form.email?.trim() ?? '', name: typed(form.name), role: typed(role), ...where, team: typed(form.team) },
    });
    return showLink(view, body, {
      heading: `${body.user.name} is invited`, text: `Whoever opens it chooses a password and is ${body.user.email} here.`, back: path`/people/users/${body.user.id}`,
      mailed: deps.config.REEVE_URL !== undefined && (await canMail(deps.pool)),
    });
  },
});

export const invitePages = [invite, send];
