import type { Platform } from '../../../domain/resources/platform.ts';
import type { WholeSettings } from '../../../domain/settings.ts';
import { action, page } from '../../page.ts';
import { saying } from '../../said.ts';
import { changesFrom, groupsOf } from './fields.ts';
import { tabsOf } from './tabs.ts';

const settingsPage = page({
  path: '/settings',
  async handle({ routes, may }) {
    const [{ body, etag }, platform] = await Promise.all([routes.read<WholeSettings>('/settings'), routes.get<Platform>('/platform')]);
    return {
      template: 'settings', title: 'Settings',
      data: {
        groups: groupsOf(body), rev: etag, paused: platform.paused, tabs: tabsOf('/settings', may),
        mayWrite: may('settings:update'), mayPause: may(platform.paused ? 'platform:resume' : 'platform:pause'),
      },
    };
  },
});

const save = action({
  path: '/settings', from: settingsPage,
  async handle({ routes, form }) {
    await routes.send('PATCH', '/settings', { ifMatch: form.rev ?? '', body: changesFrom(form) });
    return { redirect: saying('saved', '/settings') };
  },
});

const pauses = (['pause', 'resume'] as const).map((verb) => action({
  path: `/settings/${verb}`, from: settingsPage,
  async handle({ routes }) {
    await routes.send('POST', `/platform/${verb}`);
    return { redirect: saying(`${verb}d`, '/settings') };
  },
}));

export const platformSettingsPages = [settingsPage, save, ...pauses];
