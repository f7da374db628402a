import { page } from '../../page.ts';
import { siteAt } from './read.ts';

/** The page alone: its script follows the API's stream of lines. */
export const logsPage = page({
  path: '/sites/{site}/logs',
  async handle(view) {
    const { site, base, tabs } = await siteAt(view, 'site:logs');
    return { template: 'site-logs', title: `${site.name}: logs`, data: { site, base, tabs, logs: true } };
  },
});
