/** What all pages of one site share. */
import type { Action } from '../../../domain/permission.ts';
import type { Site } from '../../../domain/resources/site.ts';
import { path } from '../../address.ts';
import type { View } from '../../page.ts';

const TABS: readonly { readonly at: string; readonly label: string; readonly action: Action }[] = [
  { at: '', label: 'Overview', action: 'site:read' },
  { at: '/logs', label: 'Logs', action: 'site:logs' },
  { at: '/settings', label: 'Settings', action: 'site:update' },
  { at: '/environment', label: 'Environment', action: 'env:read' },
  { at: '/people', label: 'People', action: 'grant:read' },
  { at: '/actions', label: 'Actions', action: 'site:read' },
];

/**
 * The site that the address names, with the tabs that this person may open.
 * @param needs what the page is for
 * @throws ReeveError `not-found` also for what they may not see; `forbidden`
 */
export async function siteAt({ routes, params, may, must, request }: View, needs: Action = 'site:read') {
  const site = await routes.get<Site>('/sites/{site}', { params: { site: params.site! } });
  must(needs, { site: site.id });
  const base = path`/sites/${site.id}`;
  const here = request.path.slice(request.path.split('/').slice(0, 3).join('/').length);
  const tabs = TABS.filter(({ action }) => may(action, { site: site.id }))
    .map(({ at, label }) => ({ label, href: base + at, current: at === '' ? here === '' : here.startsWith(at) }));
  return { site, base, tabs, allowed: (action: Action) => may(action, { site: site.id }) };
}
