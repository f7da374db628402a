/** Every page there is. */
import type { Page } from '../page.ts';
import { accountPages } from './account/index.ts';
import { approvalPages } from './approvals.ts';
import { containerPages } from './containers/index.ts';
import { incidentPages } from './incidents.ts';
import { overviewPages } from './overview.ts';
import { peoplePages } from './people/index.ts';
import { recordPages } from './records.ts';
import { releasePages } from './releases.ts';
import { runPages } from './runs.ts';
import { settingsPages } from './settings/index.ts';
import { wayIn } from './sign-in/index.ts';
import { sitePages } from './site/index.ts';
import { sitesPages } from './sites.ts';
import { streamPages } from './stream.ts';

export const all: readonly Page[] = [
  ...overviewPages, ...sitesPages, ...sitePages, ...runPages, ...containerPages, ...incidentPages, ...approvalPages, ...releasePages, ...recordPages, ...settingsPages,
  ...accountPages, ...peoplePages, ...streamPages, ...wayIn,
];
