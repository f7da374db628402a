/** Pages of one site, and of its hostnames. */
import { actionPages } from './actions.ts';
import { chartData } from './chart.ts';
import { createPages } from './create.ts';
import { environmentPages } from './environment.ts';
import { hostnamePages } from './hostnames.ts';
import { logsPage } from './logs.ts';
import { siteOverview } from './overview.ts';
import { peoplePages } from './people.ts';
import { settingsPages } from './settings.ts';

export const sitePages = [
  // Before the site's own: `/sites/new` is no site.
  ...createPages, siteOverview, chartData, logsPage, ...settingsPages, ...environmentPages, ...peoplePages, ...actionPages, ...hostnamePages,
];
