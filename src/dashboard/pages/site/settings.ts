import { typed } from '../../form.ts';
import { action, page } from '../../page.ts';
import { saying } from '../../said.ts';
import { settingsFields, settingsFrom } from './fields.ts';
import { siteAt } from './read.ts';

const settingsPage = page({
  path: '/sites/{site}/settings',
  async handle(view) {
    const { site, base, tabs } = await siteAt(view, 'site:update');
    return {
      template: 'site-settings', title: `${site.name}: settings`,
      data: { site, base, tabs, fields: settingsFields(site.settings), statuses: site.settings.healthStatuses?.join(' ') ?? '' },
    };
  },
});

const save = action({
  path: '/sites/{site}/settings', from: settingsPage,
  async handle({ routes, params, form }) {
    const { body } = await routes.send<{ id: string }>('PATCH', '/sites/{site}', {
      params, ifMatch: form.rev ?? '*', body: { owner: typed(form.owner) ?? null, settings: settingsFrom(form) },
    });
    return { redirect: saying('saved', `/sites/${body.id}/settings`) };
  },
});

export const settingsPages = [settingsPage, save];
