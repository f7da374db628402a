import type { Route, Verb } from '../route.ts';
import { alertRoutes } from './alerts.ts';
import { approvalRoutes } from './approvals.ts';
import { auditRoutes } from './audit.ts';
import { containerRoutes } from './containers.ts';
import { grantRoutes } from './grants.ts';
import { healthRoutes } from './health.ts';
import { hostnameRoutes } from './hostnames.ts';
import { incidentRoutes } from './incidents.ts';
import { integrityRoutes } from './integrity.ts';
import { platformRoutes } from './platform.ts';
import { recordRoutes } from './records.ts';
import { invitationRoutes } from './invitations.ts';
import { meRoutes } from './me.ts';
import { releaseRoutes } from './releases.ts';
import { roleRoutes } from './roles.ts';
import { rootRoutesFor } from './root.ts';
import { runRoutes } from './runs.ts';
import { sessionRoutes } from './sessions.ts';
import { signInRoutes } from './sign-in.ts';
import { siteAccessRoutes } from './site-access.ts';
import { siteEnvRoutes } from './site-env.ts';
import { siteLifeRoutes } from './site-life.ts';
import { siteRoutes } from './sites.ts';
import { teamRoutes } from './teams.ts';
import { tokenRoutes } from './tokens.ts';
import { userRoutes } from './users.ts';
import { wayInRoutes } from './way-in.ts';
import { whyRoutes } from './why.ts';

/** Every route below /api/v1. */
export const routes: readonly Route[] = [
  ...platformRoutes, ...siteRoutes, ...siteLifeRoutes, ...siteEnvRoutes, ...siteAccessRoutes, ...hostnameRoutes, ...containerRoutes, ...integrityRoutes, ...whyRoutes, ...runRoutes,
  ...incidentRoutes,
  ...releaseRoutes, ...recordRoutes, ...auditRoutes, ...healthRoutes, ...approvalRoutes, ...userRoutes, ...invitationRoutes, ...teamRoutes, ...roleRoutes, ...grantRoutes, ...tokenRoutes, ...meRoutes, ...sessionRoutes, ...signInRoutes, ...wayInRoutes, ...alertRoutes,
];

export const rootRoutes: readonly Route[] = rootRoutesFor(() => routes);

const byName = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));

/** The route of that name, e.g. `GET /sites/{site}`, for whoever invokes it in this process. @throws RangeError when there is none */
export function routeNamed(name: `${Verb} /${string}`): Route {
  const route = byName.get(name);
  if (!route) throw new RangeError(`there is no route ${name}`);
  return route;
}
